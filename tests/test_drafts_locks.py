"""What must come back from a model is found, missed when it does not, and put in again."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from misspelling import misspelled, prose_of_the_docs
from pace import within

from drafts import EVERYTHING, FIXED, check_locks, locks_in, repair

PARTS = [
    *("`code`", "``a ` b``", "[words](https://a.example/b)", "[words][ref]", "![alt](c.png)"),
    *("https://a.example/x_(y).", "me@a.example", "<b>", "</b>", "<!-- remark -->", "$a+b$"),
    *("[@key, p. 5]", "[^1]", "\\cite{key}", "“Said so,”", '"said"', "1,234.5", "Anna Smith"),
    *("<!-- lock -->", "<!-- /lock -->", "`", "[", "](", "$", "<", "\n\n", "\n", "\\", "\ud800"),
    *("the", "word", "other", ".", ",", "Word"),
]
texts = st.lists(st.sampled_from(PARTS) | st.text(max_size=5), max_size=25).map(" ".join)


def found(text: str, *, everything: bool = False) -> list[tuple[str, str]]:
    kinds = EVERYTHING if everything else FIXED
    return [(lock.kind, lock.text) for lock in locks_in(text, kinds)]


@pytest.mark.parametrize(
    ("text", "locks"),
    [
        ("Use `x` and ``a ` b``.", [("code", "`x`"), ("code", "``a ` b``")]),
        ("A \\` and ` alone.", []),
        ("One `\n\n` other.", []),
        ("`` never ` closed", []),
        ("See [it](https://a.example).", [("link", "](https://a.example)")]),
        ('See [it](<a b> "Title").', [("link", '](<a b> "Title")')]),
        ("See [it](a_(b)_c).", [("link", "](a_(b)_c)")]),
        ("See [it][ref] and [that][].", [("link", "][ref]"), ("link", "][]")]),
        ("[![alt](a.png)](b)", [("image", "![alt](a.png)"), ("link", "](b)")]),
        ("(https://a.example/b_(c)).", [("address", "https://a.example/b_(c)")]),
        ("Go to www.a.example, or else.", [("address", "www.a.example")]),
        ("Write to me.too@a.example.", [("address", "me.too@a.example")]),
        ("<https://a.example>", [("address", "<https://a.example>")]),
        ("<me@a.example>", [("address", "<me@a.example>")]),
        ('A <span class="x">b</span>.', [("html", '<span class="x">'), ("html", "</span>")]),
        ("A <!-- note > --> b.", [("html", "<!-- note > -->")]),
        ("If a < b and c > d.", []),
        ("Let $x+y$ and $$z$$.", [("math", "$x+y$"), ("math", "$$z$$")]),
        ("Let \\(x\\) be.", [("math", "\\(x\\)")]),
        ("From $5 to $6.", []),
        ("So [@a, p. 5; @b].[^1]", [("citation", "[@a, p. 5; @b]"), ("citation", "[^1]")]),
        ("As @key says.", [("citation", "@key")]),
        ("\\cite[p. 5]{a} \\ref{b}", [("citation", "\\cite[p. 5]{a}"), ("citation", "\\ref{b}")]),
        (
            "a <!-- lock -->b `c`<!-- /lock --> d",
            [("region", "<!-- lock -->b `c`<!-- /lock -->")],
        ),
        ("a <!-- lock -->b", [("region", "<!-- lock -->b")]),
        ("`<b>` and `[a](b)`", [("code", "`<b>`"), ("code", "`[a](b)`")]),
    ],
)
def test_what_is_no_prose_is_locked(text: str, locks: list[tuple[str, str]]) -> None:
    assert found(text) == locks


@pytest.mark.parametrize(
    ("text", "locks"),
    [
        ("He said “Yes, now.” and left.", [("quotation", "“Yes, now.”")]),
        ('He said "yes" and "no".', [("quotation", '"yes"'), ("quotation", '"no"')]),
        ("Er sagte: „Nein!“ Dann ging er.", [("quotation", "„Nein!“")]),
        ("Il dit « oui » enfin.", [("quotation", "« oui »")]),
        ("‘I don’t know,’ said he.", [("quotation", "‘I don’t know,’")]),
        ("彼は「はい」と言った。", [("quotation", "「はい」")]),
        ("It is 5'10\" tall.", [("number", "5'10")]),
        ("About 1,234.5 or 12:30 or 5 %.", [("number", t) for t in ("1,234.5", "12:30", "5 %")]),
        ("The 3rd in 1999.", [("number", "3rd"), ("number", "1999")]),
        ("Then Anna Smith met Bob of York.", [("name", "Anna Smith"), ("name", "Bob of York")]),
        ("They slept. Nobody woke. I left.", []),
        ("Wir sahen das Haus und den Hof mit Anna Weiß.", [("name", "Anna Weiß")]),
        ("`5 Items` on www.a.example/7", [("code", "`5 Items`"), ("address", "www.a.example/7")]),
    ],
)
def test_quotations_numbers_and_names_are_locked_where_asked_for(
    text: str, locks: list[tuple[str, str]]
) -> None:
    assert found(text, everything=True) == locks
    assert all(kind in FIXED for kind, _ in found(text))


@settings(max_examples=250)
@given(text=texts)
@example(text="")
def test_locks_are_stretches_of_the_text_that_do_not_overlap(text: str) -> None:
    end = 0
    for lock in locks_in(text, EVERYTHING):
        assert end <= lock.start < lock.end
        assert text[lock.start : lock.end] == lock.text
        end = lock.end


@settings(max_examples=250)
@given(text=texts)
def test_a_text_keeps_its_own_locks(text: str) -> None:
    check = check_locks(text, text, EVERYTHING)
    assert not check.lost
    assert not check.added
    assert check.is_in_order
    assert repair(text, text, EVERYTHING).text == text


@pytest.mark.parametrize(
    ("original", "revised", "lost", "added"),
    [
        ("Use `a`.", "Use a.", ["`a`"], []),
        ("Use `a`.", "Use `b`.", ["`a`"], ["`b`"]),
        ("`a` and `a`", "`a` and a", ["`a`"], []),
        ("`a`", "`a` and `a`", [], ["`a`"]),
        ("See https://a.example/b.", "See https://a.example/bc.", ["https://a.example/b"], None),
        ("No link.", "No [link](x).", [], ["](x)"]),
        ("In 1999 he left.", "In 1998 he left.", ["1999"], ["1998"]),
        ("Then Anna left.", "Anna left then.", [], []),
        ("Then Anna left, as Anna does.", "Then Anna left, as she does.", [], []),
        ("Then Anna left.", "Then Annabel left.", ["Anna"], ["Annabel"]),
    ],
)
def test_a_lock_that_did_not_come_back_is_missed(
    original: str, revised: str, lost: list[str], added: list[str] | None
) -> None:
    check = check_locks(original, revised, EVERYTHING)
    assert [lock.text for lock in check.lost] == lost
    assert added is None or [lock.text for lock in check.added] == added


def test_locks_that_changed_places_are_noticed() -> None:
    original = "See [a](x) and [b](y)."
    assert not check_locks(original, "See [a](y) and [b](x).").is_in_order
    assert check_locks(original, "Look at [a](x) and [b](y).").is_in_order


@pytest.mark.parametrize(
    ("original", "revised", "repaired"),
    [
        ("Use `foo_bar` now.", "Use foo_bar now.", "Use `foo_bar` now."),
        ("Use `a` here.", "Use `b` here.", "Use `a` here."),
        ("Use `a`.", "Use `a.", "Use `a`."),
        ("A `x` and `y` here.", "A `p` and `q` here.", "A `x` and `y` here."),
        ("See [the docs](u) now.", "See the docs now.", "See [the docs](u) now."),
        ("See [the docs](u) now.", "See [the doc](v) now.", "See [the doc](u) now."),
        ("See [it](https://a.example).", "See [it](https://b.example).", None),
        ("Go to https://a.example/b now.", "Go to https://a.example/c now.", None),
        ("As shown [@a]. Next.", "As shown. Next.", None),
        ("It ended.[^1] Then he slept.", "It ended. Then he left.", "It ended.[^1] Then he left."),
        ("The $x^2$ is big.", "The x² is big.", None),
        ("A <b>bold</b> word.", "A bold word.", None),
        ("See <https://a.example> now.", "See <https://a.example now.", None),
        ("See <https://a.example>", "See https://a.example>", None),
        ("One `a` two `a` three.", "One two `a` three.", None),
        ("teh `x` cat", "the x cat", "the `x` cat"),
        ("Use teh `a.b()` funktion.", "Use the a.b() function.", "Use the `a.b()` function."),
        ("the $x$ adn `y`", "the x and `y`", "the $x$ and `y`"),
    ],
)
def test_a_lost_lock_is_put_in_where_its_place_is_certain(
    original: str, revised: str, repaired: str | None
) -> None:
    result = repair(original, revised)
    assert result.text == (repaired or original)
    assert result.repaired
    assert not result.lost
    assert not check_locks(original, result.text).lost


@pytest.mark.parametrize(
    ("original", "revised"),
    [
        ("Wholly `x` other words.", "Nothing of it is left."),
        ("Use `a` here.", "It is used."),
        ("Use `a` in the house.", "Use several other words that take much more room in the house."),
        ("Say [@a] and [@b] now.", "Say [@b] and more of the same [@c] or [@d], now and then."),
        ("One `a`[^1] two.", "One two."),
        ("Use `a` here.", ""),
        ("Teh `a` is", "A text about a thing that a"),
    ],
)
def test_a_lost_lock_is_left_to_a_person_where_it_is_not(original: str, revised: str) -> None:
    result = repair(original, revised)
    assert result.text == revised
    assert not result.repaired
    assert result.lost == check_locks(original, revised).lost != ()


def test_one_lock_is_repaired_though_another_cannot_be() -> None:
    result = repair("Use `a` here. Then `b`, once more.", "Use a here. Something else altogether!")
    assert result.text == "Use `a` here. Something else altogether!"
    assert [lock.text for lock in result.lost] == ["`b`"]


@settings(max_examples=150)
@given(original=texts, revised=texts)
def test_a_repair_adds_locks_of_the_original_and_loses_none(original: str, revised: str) -> None:
    before = check_locks(original, revised, EVERYTHING)
    result = repair(original, revised, EVERYTHING)
    after = check_locks(original, result.text, EVERYTHING)
    assert sorted(lock.text for lock in after.lost) == sorted(lock.text for lock in result.lost)
    assert len(result.lost) + len(result.repaired) == len(before.lost)
    if not result.repaired:
        assert result.text == revised


def damaged(lock: str, how: str) -> str:
    return {"undressed": lock.strip("`$"), "dropped": "", "changed": f"{lock[:2]}zz{lock[2:]}"}[how]


@pytest.mark.parametrize("how", ["undressed", "dropped", "changed"])
def test_a_damaged_lock_of_real_prose_comes_back_in_its_place_or_is_missed(how: str) -> None:
    random = Random(7)
    outcomes: Counter[str] = Counter()
    for block in prose_of_the_docs():
        original = block.words
        locks = locks_in(original)
        if not locks:
            continue
        lock = random.choice(locks)
        before = misspelled(original[: lock.start], random)
        after = misspelled(original[lock.end :], random)
        revised = f"{before}{damaged(lock.text, how)}{after}"
        if not check_locks(original, revised).lost:
            continue
        result = repair(original, revised)
        if result.repaired:
            assert result.text == f"{before}{lock.text}{after}"
        outcomes["repaired" if result.repaired else "missed"] += 1
    assert outcomes["repaired"] > 20 * outcomes["missed"]
    assert outcomes.total() > 200


NASTY = [
    *("`" * 50_000, "](" * 30_000, "![" * 30_000, "$a " * 20_000, "“a " * 20_000, '"a ' * 20_000),
    *("[a@b " * 20_000, "\\cite[" * 20_000, "<a " * 30_000, "<!-- " * 20_000, "a@b." * 20_000),
    *("http://" * 20_000, "1," * 30_000, "Aa " * 20_000, "@" * 50_000),
    " ".join("`" * count for count in range(300)),
]


@pytest.mark.parametrize("text", NASTY, ids=lambda text: repr(text[:8]))
def test_no_text_takes_long(text: str) -> None:
    with within(10):
        locks_in(text, EVERYTHING)
        repair(f"`a` {text}", text, EVERYTHING)
