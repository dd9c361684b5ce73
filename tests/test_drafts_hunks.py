"""What a person sees of a revision is its single changes, and only what they take changes."""

from __future__ import annotations

import random

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from drafts import Hunk, apply, hunks

MARKS = {"kept": "{}", "deleted": "[-{}-]", "inserted": "{{+{}+}}"}


def shown(hunk: Hunk) -> tuple[str, str]:
    """A hunk as it is reviewed: its kind, and its words with what goes and what comes."""
    return hunk.kind, "".join(MARKS[piece.fate].format(piece.text) for piece in hunk.pieces)


EDITS = {
    "a typo": ("Teh cat sat.", "The cat sat.", [("words", "[-Teh-]{+The+}")]),
    "agreement": (
        "The results was discussed by the the team in Monday.",
        "The results were discussed by the team on Monday.",
        [("words", "[-was-]{+were+}"), ("words", "[-the -]"), ("words", "[-in-]{+on+}")],
    ),
    "a comma": ("However I left.", "However, I left.", [("marks", "{+,+}")]),
    "an apostrophe": ("Its late.", "It's late.", [("words", "[-Its-]{+It's+}")]),
    "a hyphen": (
        "A well known fact",
        "A well-known fact",
        [("words", "[-well known-]{+well-known+}")],
    ),
    "both commas of a parenthesis": (
        "The man who was tall left the room.",
        "The man, who was tall, left the room.",
        [("marks", "{+,+} who was tall{+,+}")],
    ),
    "both brackets": (
        "It rained (for once) on all of them.",
        "It rained for once on all of them.",
        [("marks", "[-(-]for once[-)-]")],
    ),
    "both marks of emphasis": (
        "See the docs for *more* of it.",
        "See the docs for **more** of it.",
        [("marks", "[-*-]{+**+}more[-*-]{+**+}")],
    ),
    "two commas far from one another": (
        "However I will not come to your house today because it rains.",
        "However, I will not come to your house today, because it rains.",
        [("marks", "{+,+}"), ("marks", "{+,+}")],
    ),
    "words misspelt one after the other": (
        "I recieve teh lettre today from him and her.",
        "I receive the letter today from him and her.",
        [("words", "[-recieve-]{+receive+} [-teh-]{+the+} [-lettre-]{+letter+}")],
    ),
    "a word that moved": (
        "He only eats fish on Fridays.",
        "He eats only fish on Fridays.",
        [("words", "{+eats +}only [-eats -]")],
    ),
    "two forms of a word that were each wrong": (
        "The men was in town, wich is odd, and a boy were with them.",
        "The men were in town, which is odd, and a boy was with them.",
        [
            ("words", "[-was-]{+were+}"),
            ("words", "[-wich-]{+which+}"),
            ("words", "[-were-]{+was+}"),
        ],
    ),
    "words that were put in each other's place": (
        "The horse is larger than the mouse here.",
        "The mouse is larger than the horse here.",
        [("words", "[-horse-]{+mouse+} is larger than the [-mouse-]{+horse+}")],
    ),
    "a clause that moved": (
        "In the morning, we walked to the old mill.",
        "We walked to the old mill in the morning.",
        [("words", "[-In the morning, we-]{+We+} walked to the old mill{+ in the morning+}")],
    ),
    "a sentence split in two": (
        "He went home, because the rain had started. She stayed.",
        "He went home. The rain had started. She stayed.",
        [("words", "[-, because-]{+.+} [-the-]{+The+}")],
    ),
    "two sentences joined": (
        "He went home. It was late. She stayed.",
        "He went home, as it was late. She stayed.",
        [("words", "[-.-]{+, as+} [-It-]{+it+}")],
    ),
    "a misspelt sentence joined with the next": (
        "She did not complained. Instead she hung the washing in the kitchen to dry.",
        "She did not complain, but instead she hung the washing in the kitchen to dry.",
        [("words", "[-complained.-]{+complain, but+} [-Instead-]{+instead+}")],
    ),
    "sentences that went into the one before": (
        "Due to the fact that the committee was not able to come to an agreement, the decision was "
        "postponed. That will be in March. It will be in Geneva.",
        "Because the committee could not agree, the decision was postponed to March, in Geneva.",
        [
            (
                "sentence",
                "[-Due to-]{+Because+} the [-fact that the -]committee [-was-]{+could+} not "
                "[-able to come to an agreement-]{+agree+}, the decision was postponed"
                "{+ to March, in Geneva+}.[- That will be in March. It will be in Geneva.-]",
            )
        ],
    ),
    "a sentence put in other words": (
        "I left. Life is to be able to forgive other people for all mistakes. He stayed.",
        "I left. Few things matter more than forgiveness. He stayed.",
        [
            (
                "sentence",
                "[-Life is to be able to forgive other people for all mistakes.-]"
                "{+Few things matter more than forgiveness.+}",
            )
        ],
    ),
    "a lone word that stayed by chance": (
        "We are of the opinion that the plan is good.",
        "Most people here think the plan is good.",
        [("words", "[-We are of the opinion that-]{+Most people here think+}")],
    ),
    "a new sentence": (
        "We left at noon. The road was empty.",
        "We left at noon. Nobody waved. The road was empty.",
        [("sentence", "{+Nobody waved. +}")],
    ),
    "a new sentence before one that changed": (
        "We left at noon. The road was empty that day.",
        "We left at noon. Nobody waved. Our road was empty that day.",
        [("sentence", "{+Nobody waved. +}"), ("words", "[-The-]{+Our+}")],
    ),
    "the last sentence": (
        "We left at noon. Nobody waved.",
        "We left at noon.",
        [
            ("sentence", "[- Nobody waved.-]"),
        ],
    ),
    "sentences in another order": (
        "First thing happened. Then the second came. At last the third arrived.",
        "Then the second came. First thing happened. At last the third arrived.",
        [
            (
                "sentence",
                "[-First thing happened. -]Then the second came. {+First thing happened. +}",
            )
        ],
    ),
    "a paragraph split in two": (
        "It began. It went on.\n\nIt ended.",
        "It began.\n\nIt went on.\n\nIt ended.",
        [("paragraph", "[- -]{+\n\n+}")],
    ),
    "two paragraphs joined": (
        "It began.\r\n\r\nIt went on.",
        "It began. It went on.",
        [("paragraph", "[-\r\n\r\n-]{+ +}")],
    ),
    "a paragraph less": (
        "One is here.\n\nTwo is here.\n\nThree is here.\n",
        "One is here.\n\nThree is here.\n",
        [("paragraph", "[-Two is here.\n\n-]")],
    ),
    "two paragraphs more": (
        "One is here.\n\nThree is here.\n",
        "One is here.\n\nNew.\n\nNewer.\n\nThree is here.\n",
        [("paragraph", "{+New.\n\n+}"), ("paragraph", "{+Newer.\n\n+}")],
    ),
    "a heading's level": ("## Title\n\nText.", "# Title\n\nText.", [("marks", "[-##-]{+#+}")]),
    "an item more": (
        "- milk\n- eggs\n",
        "- milk\n- bread\n- eggs\n",
        [("paragraph", "{+- bread\n+}")],
    ),
    "a last item more": ("- milk\n", "- milk\n- eggs\n", [("paragraph", "{+\n- eggs+}")]),
    "other bullets and an item more": (
        "* milk\n* eggs\n",
        "- milk\n- bread\n- eggs\n",
        [("marks", "[-*-]{+-+}"), ("paragraph", "{+- bread\n+}"), ("marks", "[-*-]{+-+}")],
    ),
    "curly quotation marks": (
        '"I can\'t," he said.',
        "“I can’t,” he said.",
        [("quotes", '[-"-]{+“+}'), ("quotes", "[-can't-]{+can’t+}"), ("quotes", '[-"-]{+”+}')],
    ),
    "a quotation mark beside a typo": (
        '"Teh cat," he said.',
        "“The cat,” he said.",
        [("quotes", '[-"-]{+“+}'), ("words", "[-Teh-]{+The+}"), ("quotes", '[-"-]{+”+}')],
    ),
    "double spaces": (
        "One.  Two is  here.",
        "One. Two is here.",
        [("whitespace", "[-  -]{+ +}"), ("whitespace", "[-  -]{+ +}")],
    ),
    "a blank line more": ("One.\n\nTwo.", "One.\n\n\nTwo.", [("whitespace", "{+\n+}")]),
    "a final newline": ("One.", "One.\n", [("whitespace", "{+\n+}")]),
    "other newlines": (
        "One.\r\n\r\nTwo.",
        "One.\n\nTwo.",
        [("whitespace", "[-\r\n\r\n-]{+\n\n+}")],
    ),
    "lines wrapped anew, with a new word": (
        "The fox jumps over\nthe dog and then runs away\ninto the forest.\n",
        "The quick fox jumps\nover the dog and then runs away\ninto the forest.\n",
        [("words", "{+quick +}"), ("whitespace", "[- -]{+\n+}over[-\n-]{+ +}")],
    ),
    "dashes and dots": (
        "It is so -- we go... and soon.",
        "It is so — we go… and soon.",
        [("marks", "[----]{+—+}"), ("marks", "[-...-]{+…+}")],
    ),
    "Chinese": (
        "今天天气很好。我们去公园吧。",
        "今天天气不好。我们去公园玩吧。",
        [("words", "[-很-]{+不+}"), ("words", "{+玩+}")],
    ),
    "Japanese": (
        "昨日、友達と映画を見ました。",
        "昨日、友人と映画を観ました。",
        [("words", "[-達-]{+人+}"), ("words", "[-見-]{+観+}")],
    ),
    "Thai": ("ฉันกินข้าวเช้า", "ฉันกินข้าวเย็น", [("words", "[-ช้า-]{+ย็น+}")]),
    "Hebrew": ("הוא אכל תפוח.", "הוא אכל תפוח אדום.", [("words", "{+ אדום+}")]),
    "Arabic": (
        "ذهب الولد إلى المدرسة. أكل تفاحة.",
        "ذهب الولد إلى البيت. أكل تفاحة.",
        [("words", "[-المدرسة-]{+البيت+}")],
    ),
    "an accent": ("cafe au lait", "cafe\u0301 au lait", [("words", "[-cafe-]{+cafe\u0301+}")]),
    "a family": ("A 👨‍👩‍👧 here", "A 👨‍👩‍👦 here", [("words", "[-👨‍👩‍👧-]{+👨‍👩‍👦+}")]),
    "a flag": ("🇩🇪🇫🇷", "🇩🇪🇫🇮", [("words", "[-🇫🇷-]{+🇫🇮+}")]),
    "abbreviations": (
        "Mr. Smith met Dr. Jones, i.e. the J. Jones, at 3.30 p.m. in town.",
        "Mr. Smith met Dr. Johns, i.e. the J. Jones, at 3.30 p.m. in town.",
        [("words", "[-Jones-]{+Johns+}")],
    ),
    "long rows of marks": (
        "Wait. . . . . . Then he came........................",
        "Wait. . . . . . Then she came........................",
        [("words", "[-he-]{+she+}")],
    ),
    "code": (
        "```py\nx = 1\nprint(x)\n```\n",
        "```py\nx = 2\nprint(x)\n```\n",
        [("words", "[-1-]{+2+}")],
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_reviewer_sees_one_hunk_for_each_decision(name: str) -> None:
    old, new, expected = EDITS[name]
    assert [shown(hunk) for hunk in hunks(old, new)] == expected


def test_quotes_and_blanks_are_foldable_and_nothing_else() -> None:
    old = 'He said "no".  I was glad of it all, realy.\n\nNew.\n\nNext.'
    new = "He said “no”. I was glad of it, all really.\n\nNew. Newer.\n\nNext.\n\nNewest."
    assert {hunk.kind: hunk.foldable for hunk in hunks(old, new)} == {
        "quotes": True,
        "whitespace": True,
        "marks": False,
        "words": False,
        "sentence": False,
        "paragraph": False,
    }


def test_a_paragraph_that_moved_far_is_two_hunks_that_know_each_other() -> None:
    paragraphs = [f"This is paragraph {word}, and it stays.\n\n" for word in "abcdefg"]
    moved = "Here is one that moved a long way.\n\n"
    found = hunks("".join([moved, *paragraphs]), "".join([*paragraphs, moved]))
    assert [hunk.partner for hunk in found] == [1, 0]
    assert [hunk.partner for hunk in hunks("One.\n\nTwo.", "One.\n\nThree.")] == [None]


def test_a_manuscript_with_one_changed_word_has_one_hunk_at_its_place() -> None:
    paragraphs = [
        f"Paragraph {number} says a thing or two. It is like the others.\n\n"
        for number in range(5000)
    ]
    old = "".join(paragraphs)
    paragraphs[2500] = paragraphs[2500].replace("thing", "word")
    [hunk] = hunks(old, "".join(paragraphs))
    assert shown(hunk) == ("words", "[-thing-]{+word+}")
    assert hunk.start == old.index("thing", old.index("Paragraph 2500 "))


def test_a_persons_own_words_are_taken_in_place_of_the_new_ones() -> None:
    old = "Teh cat sat on teh mat."
    first, second = hunks(old, "The cat sat on the mat.")
    own = first.reworded("My")
    assert shown(own) == ("words", "[-Teh-]{+My+}")
    assert apply(old, [own, second], [0]) == "My cat sat on teh mat."
    assert apply(old, [own, second], [1, 0]) == "My cat sat on the mat."
    assert first.reworded("The") is first


def test_hunks_of_another_text_are_refused() -> None:
    found = hunks("Teh cat.", "The cat.")
    with pytest.raises(ValueError, match="hunk 0 is not one of this text"):
        apply("The cat.", found, [0])


ODD = (
    "aab .,!?\"'“’-*_#\n\n\r\t\u00a0\u0301\u0308\u200d\u200b\ufe0f\u2028\x85"
    "\ud83d\udc68é語。ไทย👨👩\U0001f3fd🇩🇪ﬀßİ"
)
"""Characters that some notion of a word, a sentence or a paragraph treats in a special way."""

fragments = st.sampled_from(
    ["One two three.", " ", "\n\n", "\r\n\r\n", "\r", "- item\n", "# Head\n", "```\n", "It is. "]
)
texts = st.lists(fragments | st.text(st.sampled_from(ODD), max_size=12), max_size=9).map("".join)


@st.composite
def revisions(draw: st.DrawFn) -> tuple[str, str]:
    """A text, and another that has parts of it, perhaps in another order."""
    parts = draw(st.lists(texts, max_size=5))
    others = [draw(st.just(part) | texts) for part in parts]
    if draw(st.booleans()):
        others = draw(st.permutations(others))
    return "".join(parts), "".join(others)


pairs = revisions() | st.tuples(texts, texts) | st.tuples(st.text(), st.text())


@settings(max_examples=250)
@given(pairs)
@example(("# Head\nOne two three.", "One two three.# Head\nOne two three."))
def test_all_hunks_give_the_revision_and_none_the_draft(pair: tuple[str, str]) -> None:
    old, new = pair
    found = hunks(old, new)
    assert apply(old, found, range(len(found))) == new
    assert apply(old, found, []) == old
    assert (not found) == (old == new)


@settings(max_examples=250)
@given(pairs, st.integers())
def test_all_that_was_not_taken_is_the_drafts_own(pair: tuple[str, str], seed: int) -> None:
    old, new = pair
    found = hunks(old, new)
    chance = random.Random(seed)
    taken = {number for number in range(len(found)) if chance.random() < 0.5}
    own = [hunk.reworded("mine") if chance.random() < 0.3 else hunk for hunk in found]
    expected, place = "", 0
    for number, hunk in enumerate(own):
        assert place <= hunk.start <= hunk.end
        expected += old[place : hunk.start] + (hunk.new if number in taken else hunk.old)
        place = hunk.end
    assert apply(old, own, taken) == expected + old[place:]


@settings(max_examples=250)
@given(pairs)
@example(("# Head\nOne two three.", "One two three.# Head\nOne two three."))
@example(("- item\n????\x85?", "```\n- item\n????\x85?"))
def test_pieces_are_the_hunk(pair: tuple[str, str]) -> None:
    old, new = pair
    for hunk in hunks(old, new):
        assert old[hunk.start : hunk.end] == hunk.old != hunk.new
        assert "".join(piece.text for piece in hunk.pieces if piece.fate != "inserted") == hunk.old
        assert "".join(piece.text for piece in hunk.pieces if piece.fate != "deleted") == hunk.new
        assert all(piece.text for piece in hunk.pieces)


@settings(max_examples=250)
@given(revisions())
@example((" \u0301One two three.", " \u0301"))
@example(("One two three.。\U0001f3fd", "。\U0001f3fdOne two three."))
def test_no_character_is_torn(pair: tuple[str, str]) -> None:
    old, new = pair
    whole = {match.start() for match in regex.finditer(r"\X", old)} | {len(old)}
    for hunk in hunks(old, new):
        assert {hunk.start, hunk.end} <= whole
