"""What a test expects of an answer: each expectation met and missed, in all sorts of texts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pace import within

from prompts import EXPECTATION_KEYS, KEPT, Expectations, Kept
from prompts.judge import failures
from prompts.keeping import lost
from prompts.languages import language_of, languages_differ
from prompts.schema import TEST_KEYS
from prompts.words import changed_share, similarity, words

BRIDGE = """\
# The bridge

Yesterday Dr. Smith told Anna Weber that the bridge, built in 1911, would cost 1,234.5 crowns
and 20% more. In London the Bank of England said “we shall not pay,” and I'd go there at 9.40.

See the [tide table](https://example.org/tides_(b) "Tides") or https://example.com/x?y=1.

Opening times
-------------

1. Men of NASA's
"""

PARTS = (
    *("Anna", "O’Brien’s", "of", "the", "New-York", "0A", "I", "Dr.", "ß", "東京"),
    *(" ", "\n", "\n\n", ". ", ", ", "- ", "1. ", "# ", "\n---\n", "> ", "```\n", "    "),
    *('"', "“", "”", "'", "*", "`", "\\", "(", ")", "[", "](", "<", ">", "&amp;", "&#49;", "|"),
    *("1,234.5", "9", "%", "percent", ":", "https://example.org/a_(b)", "www.a.org", "\x00"),
)

LANGUAGES = {
    "English": "The house was quiet that morning and Anna went to the window.",
    "German": "Das Haus war still an diesem Morgen und Anna ging zu dem Fenster.",
    "French": "La maison était calme ce matin et Anna est allée à la fenêtre.",
    "Spanish": "La casa estaba tranquila esa mañana y Ana fue a la ventana.",
    "Italian": "La casa era silenziosa quella mattina e Anna andò alla finestra.",
    "Portuguese": "A casa estava quieta naquela manhã e Ana foi até à janela.",
    "Dutch": "Het huis was stil die ochtend en Anna ging naar het raam.",
    "Swedish": "Huset var tyst den morgonen och Anna gick fram till fönstret.",
    "Danish": "Huset var stille den morgen, og Anna gik hen til vinduet.",
    "Polish": "W domu było cicho tego ranka i Anna podeszła do okna.",
    "Czech": "V domě bylo toho rána ticho a Anna šla k oknu.",
    "Turkish": "O sabah ev çok sessizdi ve Anna bir an için pencereye gitti.",
    "Russian": "В доме было тихо этим утром, и Анна подошла к окну.",
    "Ukrainian": "У домі було тихо цього ранку, і Анна підійшла до вікна.",
    "Japanese": "その朝、家は静かで、アンナは窓辺へ行った。",
    "Chinese": "那天早上房子很安静,安娜走到窗前。",
    "Korean": "그날 아침 집은 조용했다.",
    "Greek": "Το σπίτι ήταν ήσυχο.",
    "Arabic": "كان البيت هادئا.",
}


def missed(answer: str, before: str = "", schema: str | None = None, **expected: object) -> str:
    """The one failure of an answer; nothing if there is none."""
    assert set(expected) <= set(EXPECTATION_KEYS)
    found = failures(Expectations(**expected), before, answer, schema)  # type: ignore[arg-type]
    assert len(found) <= 1
    return found[0] if found else ""


def test_without_expectations_everything_passes() -> None:
    for answer in ("", "Yes.", "東京", "\0", "\ud800"):
        assert failures(Expectations(), "the text", answer, None) == []


def test_all_that_is_missed_is_said() -> None:
    expected = Expectations(contains=("tea",), max_words=1, keeps=("numbers",))
    assert failures(expected, "On the 9th", "No more coffee", None) == [
        "does not say “tea”",
        "3 words, at most 1",
        "lost the number 9",
    ]


def test_contains_and_excludes_look_past_case_and_how_accents_are_coded() -> None:
    assert missed("CAFE\N{COMBINING ACUTE ACCENT} Straße", contains=("café", "STRASSE")) == ""
    assert missed("a teahouse", contains=("coffee",)) == "does not say “coffee”"
    assert missed("I HOPE THIS helps", excludes=("hope this",)) == "says “hope this”"
    assert missed("東京へ行く", contains=("東京",), excludes=("大阪",)) == ""
    assert missed("", contains=("x",)) == "does not say “x”"


def test_what_is_shown_of_an_expectation_is_one_short_line() -> None:
    assert missed("", contains=("a\nb",)) == "does not say “a b”"
    assert missed("", contains=("\n\n",)) == r"does not say “\n\n”"
    assert len(missed("", contains=("word " * 50,))) < 80


def test_a_regex_sees_lines_and_is_found_anywhere() -> None:
    assert missed("First\n- one\n- two", regex=("^- one$", "tw.", r"\AFirst")) == ""
    assert missed("First", regex=("^- ", "First")) == "no match for ^- "


def test_a_regex_that_would_go_on_for_ever_is_stopped() -> None:
    said = missed("a" * 50 + "b", regex=("(a+)+$",))
    assert said == "the regular expressions or the schema took longer than 2 s"


def test_a_regex_that_is_none_fails_with_its_reason() -> None:
    assert "missing )" in missed("text", regex=("(",))


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        ("", 0),
        (" …!? — 🎉", 0),
        ("The well-known author's 1,234.5 cafés", 5),
        ("two-\nlines", 2),
        ("東京へ行く", 5),
        ("그날 아침", 2),
        ("हिन्दी में", 2),
        ("อ่าน", 3),
        ("e\N{COMBINING ACUTE ACCENT}te\N{COMBINING ACUTE ACCENT}", 1),
        ("snake_case 3rd", 2),
    ],
)
def test_words_are_counted_in_every_script(answer: str, count: int) -> None:
    assert len(words(answer)) == count


def test_too_few_and_too_many_words() -> None:
    assert missed("one two", min_words=2, max_words=2) == ""
    assert missed("one two", min_words=3) == "2 words, at least 3"
    assert missed("one", max_words=0) == "1 word, at most 0"
    assert missed("", min_words=1) == "0 words, at least 1"
    assert missed("那天早上", max_words=3) == "4 words, at most 3"


def test_the_length_is_measured_by_the_inputs() -> None:
    assert missed("a b", "a b c d", min_ratio=0.5, max_ratio=0.5) == ""
    assert missed("a", "a b c d", min_ratio=0.5) == "25% of the input's length, at least 50%"
    assert missed("a b c d e f", "a b", max_ratio=2) == "300% of the input's length, at most 200%"
    assert missed("a", " — ", max_ratio=2) == "the input has no words to measure the length by"


@pytest.mark.parametrize("kind", KEPT)
def test_what_comes_back_whole_has_lost_nothing(kind: Kept) -> None:
    assert lost(kind, BRIDGE, BRIDGE) == []
    assert missed(BRIDGE, BRIDGE, keeps=(kind,)) == ""


@pytest.mark.parametrize("kind", KEPT)
@pytest.mark.parametrize("text", ["", "\n", "…", "東京へ行く", '"', "](", "# ", "x0"])
def test_what_is_not_there_cannot_be_lost(kind: Kept, text: str) -> None:
    assert lost(kind, text, "") == []


@pytest.mark.parametrize("kind", KEPT)
@given(parts=st.lists(st.sampled_from(PARTS), max_size=12))
def test_no_text_has_lost_anything_of_itself(kind: Kept, parts: list[str]) -> None:
    text = "".join(parts)
    assert lost(kind, text, text) == []


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("numbers", ["1911", "1,234.5", "20%", "9.40"]),
        ("quotes", ["we shall not pay,"]),
        ("links", ["https://example.org/tides_(b)", "https://example.com/x?y=1"]),
        ("names", ["Smith", "Anna Weber", "London", "Bank of England", "NASA"]),
        ("headings", ["The bridge", "Opening times"]),
    ],
)
def test_everything_that_is_lost_is_named_once(kind: Kept, texts: list[str]) -> None:
    assert lost(kind, BRIDGE + BRIDGE, "") == texts


def test_losses_are_said_in_words() -> None:
    said = failures(Expectations(keeps=KEPT), BRIDGE, "", None)
    assert "lost the number 1911" in said
    assert "lost the quotation “we shall not pay,”" in said
    assert "lost the link https://example.com/x?y=1" in said
    assert "lost the name “Bank of England”" in said
    assert "lost the heading “Opening times”" in said


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("1,234.5", "1234.5"),
        ("30'000 and 2\u202f000", "30,000 and 2000"),
        ("20%", "20 percent"),
        ("5 per cent", "5 %"),
        ("٣٠", "30"),
        ("30 lorries", "30km"),
        ("1. One\n2. Two", "- One\n- Two"),
        ("[a](https://example.org/2024/1)", "a"),
        ("B2B and mp3", "shops and music"),
    ],
)
def test_a_number_is_kept_however_it_is_written(before: str, after: str) -> None:
    assert lost("numbers", before, after) == []


@pytest.mark.parametrize(
    ("before", "after", "number"),
    [
        ("built in 1911", "built in 1912", "1911"),
        ("20%", "20 men", "20%"),
        ("9.40", "9", "9.40"),
        ("1.5", "15", "1.5"),
        ("11", "111", "11"),
    ],
)
def test_another_number_is_not_the_same(before: str, after: str, number: str) -> None:
    assert lost("numbers", before, after) == [number]


def test_a_quotation_is_kept_in_other_marks_but_not_without_them_or_in_other_words() -> None:
    said = "She said “it isn’t so,” and left."
    assert lost("quotes", said, 'And "it isn\'t\nso" was all.') == []
    assert lost("quotes", said, "She said it isn't so.") == ["it isn't so,"]
    assert lost("quotes", said, "“It is not so.”") == ["it isn't so,"]
    assert lost("quotes", "„So“ und «ja»", "") == ["So", "ja"]
    assert lost("quotes", 'a 6" pipe and a 4" valve', "") == []


def test_a_link_is_kept_only_whole() -> None:
    assert lost("links", "https://example.org", "https://example.org/b") == ["https://example.org"]
    assert lost("links", "![pier](pier.png)", "![the pier](pier.png)") == []
    assert lost("links", "See [it][1].\n\n[1]: /a", "See it") == ["/a"]
    assert lost("links", "(see www.example.org/a_(b)).", "") == ["www.example.org/a_(b)"]


@pytest.mark.parametrize(
    "text",
    [
        "The house. A door! Yes? “No,” said he. (But still.)",
        "I think I'm late, and so I’d go.",
        "EVERYTHING IS LOUD HERE",
        "Shall I compare thee\nThou art more lovely\nRough winds do shake",
        "# A Heading Of Names\n\n- Item\n- Another",
        "Das Haus ist mit dem Garten und der Straße zu sehen, und die Tür ist auf.",
        "```\nprint Hello World\n```",
    ],
)
def test_a_capital_alone_is_not_a_name(text: str) -> None:
    assert lost("names", text, "") == []


def test_names_are_kept_whole_and_without_their_genitive() -> None:
    before = "so J. K. Rowling met the Mayor of New York and Anna’s aunt"
    assert lost("names", before, "") == ["J K Rowling", "Mayor of New York", "Anna"]
    assert lost("names", before, "Anna: J. K. Rowling met the Mayor of New York.") == []
    assert lost("names", "met O’Brien", "O'Brien") == []
    assert lost("names", "a byte 0A and 3D", "") == []
    assert lost("names", "and Anna Weber", "Anna, not Weber") == ["Anna Weber"]
    assert lost("names", "at Anna", "at Annapolis") == ["Anna"]


def test_a_heading_is_kept_as_a_heading_of_any_level() -> None:
    before = "# The *pier*\n\n```\n# no heading\n```\n"
    assert lost("headings", before, "The *pier*\n===\n") == []
    assert lost("headings", before, "The *pier*") == ["The *pier*"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_tells_its_language(language: str) -> None:
    assert language_of(LANGUAGES[language]) == language


@pytest.mark.parametrize("one", LANGUAGES)
def test_only_another_language_differs(one: str) -> None:
    for other, text in LANGUAGES.items():
        differ = languages_differ(LANGUAGES[one], text)
        assert differ == (None if one == other else (one, other))


def test_the_language_has_to_stay() -> None:
    english, german = LANGUAGES["English"], LANGUAGES["German"]
    assert missed(english, english, same_language=True) == ""
    assert missed(german, english, same_language=True) == "in German, and the input is in English"
    assert missed(german, english, same_language=False) == ""


@pytest.mark.parametrize("text", ["", "42", "Ok", "def f(): pass", "Anna Weber", "`the of and to`"])
def test_where_the_language_does_not_show_it_has_not_changed(text: str) -> None:
    assert language_of(text) is None
    assert missed(text, LANGUAGES["Dutch"], same_language=True) == ""


def test_json_has_to_be_json_and_fit_the_schema() -> None:
    schema = json.dumps({"type": "object", "properties": {"a": {"type": "string"}}})
    assert missed('{"a": "b"}', schema=schema, valid_schema=True) == ""
    assert missed("[1]", valid_schema=True) == ""
    said = missed('{"a": 1}', schema=schema, valid_schema=True)
    assert said == 'does not fit the schema: $.a: 1 is not of type "string"'
    assert missed('{"a": 1}', schema=schema) == ""
    for answer in ("", '{"a": ', "```json\n{}\n```", "[" * 100_000):
        assert missed(answer, schema=schema, valid_schema=True).startswith("not JSON: ")


def test_a_schema_fetches_nothing_and_cannot_go_on_for_ever() -> None:
    elsewhere = json.dumps({"$ref": "https://example.org/schema.json"})
    said = missed("{}", schema=elsewhere, valid_schema=True)
    assert "nothing is fetched that a schema refers to" in said
    patient = json.dumps({"pattern": "^(a+)+$"})
    said = missed(json.dumps("a" * 50 + "b"), schema=patient, valid_schema=True)
    assert 'does not match "^(a+)+$"' in said
    backwards = json.dumps({"pattern": "(?<=a)b"})
    assert "the schema cannot be used" in missed('"ab"', schema=backwards, valid_schema=True)


def test_likeness_is_of_words_in_order() -> None:
    assert missed("We THINK so!", similar_to="we think so", min_similarity=1) == ""
    said = missed("We think not", similar_to="We think so")
    assert said == "0.67 like the expected text, at least 0.80"
    assert missed("東京へ行く", similar_to="東京へ行った", min_similarity=0.7) == ""
    assert missed("so think we", similar_to="We think so", min_similarity=0.3) == ""
    assert missed("", similar_to="text") == "0.00 like the expected text, at least 0.80"
    assert similarity("", "") == 1


def slow_edits(old: list[str], new: list[str], *, replace: int) -> int:
    """The textbook's table; a replacement may cost as much as taking out and putting in."""
    row = list(range(len(new) + 1))
    for word in old:
        above, row = row, [row[0] + 1]
        for at, other in enumerate(new):
            cost = 0 if word == other else replace
            row.append(min(above[at] + cost, above[at + 1] + 1, row[at] + 1))
    return row[-1]


FEW_WORDS = st.lists(st.sampled_from("abcd"), min_size=1, max_size=90)


@given(old=FEW_WORDS, new=FEW_WORDS)
def test_changes_and_likeness_are_those_of_the_textbook(old: list[str], new: list[str]) -> None:
    before, after = " ".join(old), " ".join(new)
    edits, apart = (slow_edits(old, new, replace=cost) for cost in (1, 2))
    assert changed_share(before, after) == min(1, edits / len(old))
    assert similarity(before, after) == pytest.approx(1 - apart / (len(old) + len(new)))


def test_an_answer_that_goes_round_in_circles_is_measured_as_quickly() -> None:
    with within(5):
        assert changed_share("the la " * 2000, "la the la " * 2000) == 0.5
        assert 0.7 < similarity("the la " * 2000, "la the la " * 2000) < 0.9


@pytest.mark.parametrize(
    ("before", "after", "share"),
    [
        ("a b c d", "a b c d", 0),
        ("a b c d", "A, b; c. d!", 0.25),
        ("a b c d", "a x c d", 0.25),
        ("a b c d", "a b c d e f", 0.5),
        ("a b c d", "a b", 0.5),
        ("a b c d", "b a c d", 0.5),
        ("a b", "x " * 50, 1),
        ("", "", 0),
        ("", "x", 1),
        ("東京へ行く", "京都へ行く", 0.4),
    ],
)
def test_words_put_in_taken_out_and_replaced_are_changes(
    before: str, after: str, share: float
) -> None:
    assert changed_share(before, after) == share


def test_too_little_and_too_much_change() -> None:
    assert missed("a x", "a b", min_changed=0.5, max_changed=0.5) == ""
    assert missed("a b", "a b", min_changed=0.1) == "0% of the words changed, at least 10%"
    assert missed("a x", "a b", max_changed=0.2) == "50% of the words changed, at most 20%"


def test_the_page_about_prompts_names_every_expectation() -> None:
    page = (Path(__file__).parent.parent / "docs" / "prompts.md").read_text("utf-8")
    known = (*TEST_KEYS, *EXPECTATION_KEYS, *KEPT)
    assert [word for word in known if f"`{word}`" not in page] == []


def test_reading_prompts_loads_nothing_that_judges_answers() -> None:
    program = "import prompts, sys; print(*sys.modules)"
    root = Path(__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=root
    )
    assert not {"prompts.judge", "markdown_it", "jsonschema_rs"} & set(done.stdout.split())
