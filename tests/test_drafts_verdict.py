"""Answers of models that do what they were not asked to: mended where it is safe, else flagged."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from misspelling import misspelled, prose_of_the_docs
from pace import within

from drafts import (
    EVERYTHING,
    Allowed,
    Verdict,
    judge,
    piece_changes,
    sentence_pieces,
    split_blocks,
)
from prompts.languages import languages_differ

ORIGINAL = (
    "The keeper go down to the water every morning, because nobody else would have done it. "
    "He carried a lamp and a coil of rope."
)
REVISED = ORIGINAL.replace(" go ", " goes ")

PREAMBLES = [
    "Sure, here is the corrected text:\n\n",
    "Sure! Here's the corrected text:\n",
    "Sure!\n\n",
    "Certainly! Here is the revised paragraph:\n\n",
    "Of course. Below is the edited version:\n\n",
    "Here you go:\n\n",
    "Here is the text with all errors fixed:\n\n",
    "Here’s a tightened version of your paragraph:\n\n",
    "**Corrected text:**\n\n",
    "Corrected text:\n",
    "Corrected version: ",
    "Corrected: ",
    "Sure, here is the corrected text: ",
    "Here's the revised version: ",
    "I have corrected the text for you:\n\n",
    "### Revised version:\n\n",
    "Output:\n",
    "Correct the spelling of this text: ",
    "My edit of it:\n\n",
    "Gerne! Hier ist der korrigierte Text:\n\n",
    "Hier ist die überarbeitete Fassung:\n\n",
    "Voici le texte corrigé :\n\n",
    "Claro, aquí está el texto corregido:\n\n",
    "Ecco il testo corretto:\n\n",
    "当然，以下是修改后的文本：\n\n",
    "Got it. Okay, here is the corrected text:\n\n",
]

REMARKS = [
    "\n\nLet me know if you need anything else!",
    "\n\nPlease let me know if this works for you.",
    "\n\nI hope this helps!",
    "\n\nFeel free to ask for more changes.",
    "\n\nNote: I corrected the agreement of the verb.",
    "\n\n(Note: the verb was wrong.)",
    "\n\n**Note:** the verb was wrong.",
    "\n\nI changed “go” to “goes”.",
    "\n\nI've fixed one verb.",
    "\n\nChanges made:\n\n- “go” became “goes”\n- nothing else",
    "\n\n**Changes:**\n1. “go” became “goes”",
    "\n\n---\n\nKey changes:\n\n* one verb",
    "\n\nExplanation: the subject is singular.",
    "\n\nWould you like me to shorten it?",
    " Let me know if you need anything else!",
    " (I corrected one verb.)",
    "\n\nLass mich wissen, ob das passt!",
    "\n\nN’hésitez pas à demander.",
    "\n\nEspero que esto ayude.",
]

WRAPPINGS = [
    "```\n{}\n```",
    "```markdown\n{}\n```",
    "~~~text\n{}\n~~~",
    "```\n{}",
    "{}\n```",
    "Here is the corrected text:\n\n```\n{}\n```\n\nLet me know if you need more.",
    "<text>\n{}\n</text>",
    "<corrected>{}</corrected>",
    '"{}"',
    "“{}”",
    "<think>\nThe verb is wrong.\n</think>\n\n{}",
    "{}<|im_end|>",
    "{}\n</s>\n",
    "{}<|im_end|>\n<|im_end|>",
    "---\n{}\n---",
    "**{}**",
]


ODD_SHORT = [
    ("# The harbour of Skerry", "# Another thing", "it has hardly a word of the original"),
    ("# The harbour of Skerry", "# The harbour of", "its end is missing"),
    ("Skerry", "Skerry Skerry", "it is there twice"),
    ("- an item", "1. - an item", "lists or quotations stand within others than before"),
    ("> said he", "> > said he", "lists or quotations stand within others than before"),
]


def check_mended(answer: str) -> None:
    verdict = judge(ORIGINAL, answer)
    assert verdict.text == REVISED
    assert verdict.mended
    assert verdict.is_sound, verdict.flags
    assert verdict.begin is not None
    assert answer[verdict.begin :].startswith(REVISED)


def flags_of(original: str, answer: str, allowed: Allowed | None = None) -> str:
    return "; ".join(judge(original, answer, allowed=allowed).flags)


def test_a_good_answer_is_taken_as_it_is() -> None:
    assert judge(ORIGINAL, REVISED) == Verdict(REVISED, (), (), begin=0)


def test_corrections_of_real_prose_raise_no_alarm() -> None:
    random = Random(6)
    for block in prose_of_the_docs():
        original = block.text
        revised = misspelled(original, random)
        assert judge(original, revised) == Verdict(revised, (), (), begin=0)


@pytest.mark.parametrize("preamble", PREAMBLES)
def test_words_that_announce_the_text_are_taken_away(preamble: str) -> None:
    check_mended(preamble + REVISED)


@pytest.mark.parametrize(("original", "answer", "flag"), ODD_SHORT)
def test_little_of_a_text_is_enough_to_judge_it_by(original: str, answer: str, flag: str) -> None:
    assert flag in flags_of(original, answer)


@pytest.mark.parametrize(
    ("original", "answer"),
    [
        ("# Teh teh harbour harbour", "# The harbour"),
        ("In the end in the end.", "In the end."),
        ("# Intro", "# Introduction"),
        ("(He saw it).", "(He saw it.)"),
        ("He left and he left the house", "He left the house"),
    ],
)
def test_what_was_there_too_much_may_go(original: str, answer: str) -> None:
    assert flags_of(original, answer) == ""


@pytest.mark.parametrize("remark", REMARKS)
def test_remarks_after_the_text_are_taken_away(remark: str) -> None:
    check_mended(REVISED + remark)


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_what_is_around_the_text_is_taken_away(wrapping: str) -> None:
    check_mended(wrapping.format(REVISED))


def test_a_text_that_the_answer_quotes_first_is_found_where_it_stands() -> None:
    answer = f"<think>\nFine. {REVISED}\n</think>\n\n```\n{REVISED}\n```"
    assert judge(ORIGINAL, answer).text == REVISED
    assert judge(ORIGINAL, answer).begin == answer.rindex(REVISED)


def test_what_was_mended_inside_stands_nowhere_in_the_answer() -> None:
    verdict = judge("See `teh code` for it, as the keeper told.", "See `the code` for it, he told.")
    assert "`teh code`" in verdict.text
    assert verdict.begin is None


@pytest.mark.parametrize("remark", REMARKS[::4])
@pytest.mark.parametrize("preamble", PREAMBLES[::4])
@pytest.mark.parametrize("wrapping", WRAPPINGS[:3])
def test_all_of_them_at_once_are_taken_away(preamble: str, wrapping: str, remark: str) -> None:
    check_mended(preamble + wrapping.format(REVISED) + remark)


@pytest.mark.parametrize(
    "text",
    [
        "Sure, here is the corrected text: it lay on the table, and nobody had read it yet.",
        "Here is what he wrote:\n\nCome home at once, and bring the lamp with you.",
        "Here's the thing: nobody came.\n\nLet me know if you see him, she said.",
        "She closed the letter.\n\nLet me know if you need anything else!",
        "Nothing else was said of it.\n\nI hope this helps.",
        "The report ends so.\n\nNote: the figures are from May.",
        "A list of them follows.\n\nChanges made:\n\n- the roof\n- the door",
        '"It rained all day, and nobody came."',
        "“It rained,” she said. “And nobody came.”",
        "```\ncode\n```\n\nText about the code.",
        "<b>Bold words are all of it</b>",
        "---\n\nA text between rules.\n\n---",
        "The end marker is written <|im_end|>",
        "I'm sorry, he said, but I can't.",
        "And so on… [...] (continued on the next page)",
        "He waited...",
        "Of course.\n\nOf course he came.",
        "> quoted\n\n- item\n\n| a | b |\n|---|---|\n| c | d |",
    ],
)
def test_the_text_itself_is_never_chatter(text: str) -> None:
    assert judge(text, text) == Verdict(text, (), (), begin=0)
    revised = text.replace("he ", "He ", 1).replace("nobody", "no one")
    verdict = judge(text, revised)
    assert verdict.text == revised
    assert not verdict.mended


@pytest.mark.parametrize(
    ("original", "revised"),
    [
        ("Heres why: nobody came to see it.", "Here's why: nobody came to see it."),
        ("Hear is teh plan: we leave at dawn.", "Here is the plan: we leave at dawn."),
        ("Hear is teh plan:\n\nWe leave at dawn.", "Here is the plan:\n\nWe leave at dawn."),
        ("Shure, heres the thing: he left.", "Sure, here's the thing: he left."),
        ("The corected text: it lay there.", "The corrected text: it lay there."),
        ("It rained.\n\nLet me no if its over.", "It rained.\n\nLet me know if it's over."),
        ("It rained.\n\nNotes: teh roof.", "It rained.\n\nNotes: the roof."),
        ("Of corse.\n\nHe came at once.", "Of course.\n\nHe came at once."),
        ("Tow reasons follow:\n\nOne is teh rain.", "Two reasons follow:\n\nOne is the rain."),
    ],
)
def test_a_misspelled_text_that_is_like_chatter_is_corrected_and_stays(
    original: str, revised: str
) -> None:
    assert judge(original, revised) == Verdict(revised, (), (), begin=0)


def test_chatter_is_known_though_a_long_text_has_all_its_words() -> None:
    words = "Sure, so far here is the text that was corrected, and let me know if you need it. "
    original = f"{ORIGINAL}\n\n{words * 3}\n\n{ORIGINAL}"
    answer = f"Sure, here is the corrected text:\n\n{original}\n\nLet me know if you need more."
    assert judge(original, answer).text == original


def test_a_remark_that_would_leave_too_little_stays() -> None:
    verdict = judge(ORIGINAL, "The keeper.\n\nI changed the rest of it.")
    assert not verdict.mended
    assert "it has 8 of 25 words" in verdict.flags


def test_blanks_around_the_text_are_those_of_the_original() -> None:
    assert judge("  - one too\n\n", "- one two\n").text == "  - one two\n\n"
    assert judge("One too.", "\n\nOne two.\n").text == "One two."


@pytest.mark.parametrize("answer", ["", " \n", "```\n```", "\t"])
def test_an_empty_answer_leaves_the_original(answer: str) -> None:
    verdict = judge(ORIGINAL, answer)
    assert not verdict.is_sound
    if not answer.strip():
        assert verdict == Verdict(ORIGINAL, (), ("it is empty",))


@pytest.mark.parametrize("odd", ["\0", "\ud800"])
def test_what_no_file_can_hold_leaves_the_original(odd: str) -> None:
    verdict = judge(ORIGINAL, REVISED + odd)
    assert verdict.text == ORIGINAL
    assert verdict.flags == ("it has characters that no text file can hold",)


@pytest.mark.parametrize(
    ("answer", "flag"),
    [
        (REVISED[:60], "it ends in the middle of a sentence"),
        (REVISED[:60], "of 25 words"),
        (REVISED.removesuffix(" a coil of rope."), "it ends in the middle of a sentence"),
        (f"{REVISED[:-1]}...", "it ends in dots, as if more were to come"),
        ("The keeper goes down to the water. [rest unchanged]", "it leaves something out"),
        (
            "The keeper goes down to the water.\n\n(continues)",
            "it leaves something out: “(continues)”",
        ),
        ("The keeper goes down.\n\n[Rest of the text remains the same]", "it leaves something out"),
        ("The keeper goes down.\n\n…\n\nHe carried rope.", "it leaves something out: “…”"),
        ("The keeper goes down [...] rope.", "it leaves something out: “[...]”"),
        ("The keeper goes down.\n\n<!-- rest unchanged -->", "it leaves something out"),
        ("The keeper goes down.\n\nThe rest of the text is unchanged.", "it leaves something out"),
        ("The keeper goes down. {{rest of text}}", "it leaves something out"),
        ("The keeper goes down. *(remaining text omitted)*", "it leaves something out"),
        ("The keeper goes down. [Rest unverändert]", "it leaves something out"),
        ("He carried a lamp.", "it has 4 of 25 words"),
        (f"{REVISED} {REVISED}", "it has 50 words, the original 25"),
        (REVISED.replace("lamp", "lamp\u200b"), "it has characters that cannot be seen: U+200B"),
        (REVISED.replace("lamp", "\u202epmal\u202c"), "it has characters that cannot be seen"),
        (REVISED.replace("lamp", f"lamp {'=' * 64}"), "it has a word of 64 characters"),
        (f"assistant\n{REVISED}", "it has a line of the request: assistant"),
        (REVISED.replace("lamp", "lamp |"), "it has a sign that the original has not: |"),
        (f'{{"text": "{REVISED}"}}', "it has a sign that the original has not"),
        (REVISED[: REVISED.rindex(" He")], "its end is missing"),
        (REVISED.replace(" and a coil of rope.", "."), "its end is missing"),
        (REVISED.replace("a coil of rope.", "etc."), "it ends in dots, as if more were to come"),
        ("No changes needed.", "it says that nothing has to change, and not the text"),
        ("The text is already correct.", "it says that nothing has to change"),
        (f"{REVISED[:60]}\n\nDer Rest bleibt unverändert.", "it leaves something out"),
        ("\u200b\u200b", "it is empty"),
        ("...", "it is empty"),
        (
            f"{REVISED} He went home. He went home. He went home.",
            "it repeats itself: “he went home”",
        ),
        ("I'm sorry, but I can't help with that request.", "it begins like a refusal"),
        ("I cannot assist with this text. It is about a lamp.", "it begins like a refusal"),
        ("As an AI language model, I do not have a keeper.", "it begins like a refusal"),
        (
            "Sure, I can do that. What is the text you mean, please?",
            "it begins like a reply to you",
        ),
        (
            f"{REVISED}<|im_end|>\n<|im_start|>user\nThanks",
            "it goes on after an end marker: <|im_end|>",
        ),
        (f"{REVISED[:-1]}\x1b[31m.", "it has control characters or broken ones"),
        (REVISED.replace("lamp", "l\ufffdmp"), "it has control characters or broken ones"),
        (f"# A keeper\n\n{REVISED}", "it has 1 heading, the original 0"),
        (REVISED.replace(". He", ".\n\n- He"), "it has 1 item of a list, the original none"),
        (f"{REVISED} See [it](https://a.example).", "it added “](https://a.example)”"),
        (
            "Lighthouses were built along every coast so that ships might find their way at night.",
            "it has hardly a word of the original",
        ),
    ],
)
def test_whatever_else_looks_wrong_is_flagged(answer: str, flag: str) -> None:
    assert flag in flags_of(ORIGINAL, answer)


def test_an_answer_that_was_cut_off_is_flagged_however_it_ends() -> None:
    verdict = judge(ORIGINAL, REVISED, is_complete=False)
    assert verdict.flags == ("it was cut off before its end",)


def test_a_shorter_or_longer_or_freer_text_is_no_mistake_where_it_is_asked_for() -> None:
    short = "The keeper goes down to the water."
    assert "it has 7 of 25 words" in flags_of(ORIGINAL, short)
    assert not flags_of(ORIGINAL, short, Allowed(least=None))
    assert not flags_of(short, REVISED, Allowed(most=None))
    other = "Ships found their way at night by lights that somebody had lit along every coast."
    assert not flags_of(ORIGINAL, other, Allowed(least=None, is_free=True))


def test_a_few_words_more_or_less_are_nothing() -> None:
    assert not flags_of("In order to leave now.", "To leave now.")
    assert not flags_of("He left.", "He left them then.")


def test_another_language_is_flagged_where_languages_can_be_told() -> None:
    answer = "Der Wärter geht jeden Morgen zum Wasser hinunter, weil es sonst niemand getan hätte."
    allowed = Allowed(least=None, languages_differ=languages_differ)
    assert flags_of(ORIGINAL, answer, Allowed(least=None, is_free=True)) == ""
    assert "it is in German, and the original in English" in flags_of(ORIGINAL, answer, allowed)
    assert not flags_of(ORIGINAL, REVISED, allowed)


@pytest.mark.parametrize(
    ("original", "answer", "flag"),
    [
        ("# One\n\nText.\n\n## Two\n\nMore.", "# One\n\nText. More.", "the heading “Two” is lost"),
        ("# One\n\nText.", "One\n\nText.", "the heading “One” is lost"),
        ("# One\n\nText.", "## One\n\nText.", "headings have other levels"),
        ("- a b\n- c d", "a b and c d", "it has no items of a list, the original 2"),
        ("- a b\n- c d\n- e f", "- a b\n- c d and e f", "it has 2 items of a list, the original 3"),
        ("> Quoted.", "Quoted.", "it has no block quotations, the original 1"),
        ("Plain.", "> Plain.", "it has 1 block quotation, the original none"),
        ("[^1]: A note.", "A note.", "it has no footnotes, the original 1"),
        ("Text.", "Text.\n\n    code", "it has 1 block of code, the original none"),
        (
            "| a | b |\n|---|---|\n| c | d |",
            "| a | b |\n|---|---|\n| c d |",
            "rows of a table have another number of cells",
        ),
        ("| a | b |\n|---|---|\n| c | d |", "a b c d", "it has no rows of a table, the original 2"),
    ],
)
def test_a_change_of_structure_is_flagged_in_markdown(
    original: str, answer: str, flag: str
) -> None:
    assert flag in judge(original, answer).flags
    assert flag not in judge(original, answer, markdown=False).flags


@pytest.mark.parametrize(
    ("original", "answer"),
    [
        ("# Teh one\n\nText.", "# The one\n\nText."),
        ("Title\n=====\n\nText.", "# Title\n\nText."),
        ("One. Two.\n\nThree.", "One.\n\nTwo. Three."),
        ("* a too\n* b", "- a two\n- b"),
        ("    - deep item too", "- deep item two"),
    ],
)
def test_other_words_in_the_same_structure_are_not(original: str, answer: str) -> None:
    assert not judge(original, answer).flags


@pytest.mark.parametrize(
    ("text", "revised", "changes"),
    [
        ("- one too\n", "one two", []),
        ("  - one too\n", "one two", []),
        ("- one too\n", "one\n\ntwo", ["it has a paragraph outside of what it revises"]),
        ("# One too\n", "One two\n\nMore", ["it has a paragraph outside of what it revises"]),
        ("Text one.\n", "# Text one.", ["it has 1 heading, the original 0"]),
        ("Text one.\n", "Text.\n\nOne.", []),
        ("> one too\n", "one\n\n- two", ["it has 1 item of a list, the original none"]),
    ],
)
def test_a_revision_that_is_well_by_itself_may_not_be_in_its_place(
    text: str, revised: str, changes: list[str]
) -> None:
    (piece,) = sentence_pieces(split_blocks(text, markdown=True))
    assert piece_changes(piece, revised) == changes


def test_locks_are_put_back_where_that_is_certain_and_missed_otherwise() -> None:
    original = "Use `foo_bar` too print it, as [@a] says."
    verdict = judge(original, "Use foo_bar to print it, as [@a] says.")
    assert verdict.text == "Use `foo_bar` to print it, as [@a] says."
    assert verdict.mended == ("put back “`foo_bar`”",)
    assert verdict.is_sound
    verdict = judge(original, "It can be printed, as [@a] says.")
    assert verdict.flags == ("it lost “`foo_bar`”",)
    assert [lock.text for lock in verdict.lost] == ["`foo_bar`"]


def test_locks_that_changed_places_are_flagged() -> None:
    flags = flags_of("See [a](x) or [b](y).", "See [a](y) or [b](x).")
    assert flags == "links, code or other things that must stay changed their places"


def test_numbers_and_names_are_locked_where_asked_for() -> None:
    original, answer = "In 1999, Anna Smith left them.", "Later, Anna Smythe had left them all."
    assert not flags_of(original, answer)
    assert "it lost “1999”" in flags_of(original, answer, Allowed(locks=EVERYTHING))


pieces = st.sampled_from(
    [
        *(PREAMBLES + REMARKS + WRAPPINGS),
        *(REVISED, "\n\n", "```", "…", "[rest unchanged]", "<|im_end|>", "\ud800", "\0", "`a`"),
        *("# ", "- ", "> ", "| a |", "[b](c)", "<b>", '"', "“", "\x1b", "word ", "He left. "),
    ]
)
answers = st.lists(pieces | st.text(max_size=5), max_size=8).map("".join)


@settings(max_examples=250)
@given(answer=answers)
@example(answer="")
def test_no_answer_loses_the_edges_or_all_of_the_text(answer: str) -> None:
    original = f"\n  {ORIGINAL}\n\n"
    verdict = judge(original, answer)
    assert verdict.text.strip()
    assert verdict.text.startswith("\n  ")
    assert verdict.text.endswith("\n\n")
    verdict.text.encode()


@settings(max_examples=150)
@given(text=answers)
def test_a_text_that_is_its_own_revision_is_not_mended(text: str) -> None:
    verdict = judge(text, text)
    assert verdict.text == text or "no text file" in verdict.flags[0]
    assert not verdict.mended


@pytest.mark.parametrize(
    "answer",
    [
        *("word " * 20_000, "`" * 50_000, "Sure! " * 10_000, "\n\nNote: a" * 5_000, "[" * 50_000),
        *("```\n" * 10_000, "<a>" * 10_000, "... " * 20_000, "(the rest " * 10_000, "\n" * 50_000),
    ],
    ids=lambda text: repr(text[:8]),
)
def test_no_answer_takes_long_to_judge(answer: str) -> None:
    with within(10):
        judge(ORIGINAL, f"{REVISED} {answer}")
        judge(answer, f"{answer} more.")


@pytest.mark.parametrize(
    ("original", "answer", "text"),
    [
        ('"Them is late."', "They are late.", '"They are late."'),
        ("“We was robbed,” ", "We were robbed,", "“We were robbed,” "),
        ('"Yes," he sayed, "it is."', "Yes, he said, it is.", "Yes, he said, it is."),
        ('"They is late."', '"They are late".', '"They are late".'),
        ("They is late.", "They are late.", "They are late."),
    ],
)
def test_a_correction_stays_in_the_quotation_marks_around_all_of_it(
    original: str, answer: str, text: str
) -> None:
    assert judge(original, answer, allowed=Allowed(is_correction=True)).text == text


def test_a_revision_that_is_no_correction_may_take_the_quotation_marks_away() -> None:
    assert judge('"Them is late."', "They are late.").text == "They are late."
