"""Commands that make answers: again, further, in other words, several at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sessions import Turn, first_words, opening_of
from tui.commands.command import Command, Suggestion
from tui.commands.completing import settings, turns, words
from tui.commands.reading import turn_and_rest, turn_of, whole_number, words_of
from tui.errors import UsageProblem
from tui.paragraphs import paragraphs_of
from tui.questions import Settings
from tui.setting_values import pairs_of, with_values
from tui.talk import Talk

_MOST = 16
"""Answers at once."""

_COUNT = {"n": "how many answers"}


def _regenerate(talk: Talk, argument: str) -> None:
    turn, rest = turn_and_rest(talk, argument)
    count, chosen = _for_one_answer(talk, words_of(rest, "regen"))
    _answer_again(talk, turn, chosen, count)


def _for_one_answer(talk: Talk, typed: Sequence[str]) -> tuple[int, Settings]:
    """How many answers, and how they are made."""
    pairs = pairs_of(typed)
    counts = [value for name, value in pairs if name == "n"]
    count = _checked_count(counts[-1]) if counts else talk.alternatives
    others = [pair for pair in pairs if pair[0] != "n"]
    return count, with_values(talk.conversation.settings, others)


def _checked_count(value: str) -> int:
    count = whole_number(value, "n is the number of answers") or 0
    if not 1 <= count <= _MOST:
        raise UsageProblem(f"there can be 1 to {_MOST} answers at once, not {value}")
    return count


def _answer_again(talk: Talk, turn: Turn | None, chosen: Settings | None, count: int) -> None:
    events = talk.conversation.regenerate(turn, settings=chosen, alternatives=count)
    talk.show(events, alternatives=count)


def _complete_regen(talk: Talk, argument: str) -> Iterator[Suggestion]:
    yield from settings(talk, argument, _COUNT)
    if " " not in argument:
        yield from turns(talk, "user")


def _alternatives(talk: Talk, argument: str) -> None:
    if not argument:
        raise UsageProblem("/alt takes the number of versions: /alt 3")
    _answer_again(talk, None, None, _checked_count(argument))
    talk.say("/pick K continues with version K")


def _pick(talk: Talk, argument: str) -> None:
    number = whole_number(argument, "/pick takes the number of a version")
    found = _versions(talk)
    if number is None:
        here = talk.conversation.last_answer().id
        for place, turn in enumerate(found, 1):
            mark = "  (here)" if turn.id == here else ""
            talk.say(f"{place:>3}  {opening_of(turn)}{mark}")
        return
    turn = _version(found, number)
    talk.conversation.go_to_version(turn)
    talk.say(f"continuing with version {number}: {opening_of(turn)}")


def _versions(talk: Talk) -> list[Turn]:
    """Those that were made last, as they were numbered; else all versions of the last answer."""
    conversation = talk.conversation
    answer = conversation.last_answer()
    turns = conversation.log.session.turns
    made = [turns[turn.id] for turn in conversation.answers if turn.id in turns]
    if len(made) > 1 and answer.id in [turn.id for turn in made]:
        return made
    return conversation.siblings(answer)


def _version(found: Sequence[Turn], number: int) -> Turn:
    if not 1 <= number <= len(found):
        raise UsageProblem(f"there are versions 1 to {len(found)} here; /pick lists them")
    return found[number - 1]


def _complete_pick(talk: Talk, _argument: str) -> Iterator[Suggestion]:
    for place, turn in enumerate(_versions(talk), 1):
        yield Suggestion(str(place), opening_of(turn))


def _merge(talk: Talk, argument: str) -> None:
    found = _versions(talk)
    if not argument:
        for place, turn in enumerate(found, 1):
            for number, text in enumerate(paragraphs_of(turn.content), 1):
                talk.say(f"{place}:{number}  {first_words(text.strip())}")
        return
    parts = [_part(found, word) for word in argument.split()]
    merged = talk.conversation.merge(parts)
    talk.say(merged.content)


def _part(found: Sequence[Turn], word: str) -> tuple[Turn, int]:
    version, colon, paragraph = word.partition(":")
    usage = "/merge takes VERSION:PARAGRAPH, such as 1:1 2:3; on its own it lists them"
    numbers = [whole_number(each, usage) for each in (version, paragraph)]
    if not colon or numbers[0] is None or numbers[1] is None:
        raise UsageProblem(usage)
    return _version(found, numbers[0]), numbers[1]


def _continue(talk: Talk, argument: str) -> None:
    number = whole_number(
        argument, "/continue takes the number of an answer; /fork lists the turns"
    )
    turn = None if number is None else turn_of(talk, number)
    events = talk.conversation.continue_answer(turn)
    text_so_far = (turn or talk.conversation.last_answer()).content
    talk.show_more(events, text_so_far)


def _edit(talk: Talk, argument: str) -> None:
    turn, words = turn_and_rest(talk, argument)
    old = turn or talk.conversation.last_question()
    content = _other_words(talk, old, words)
    if content is not None:
        talk.conversation.reword(content, turn=old)
        _answer_again(talk, None, None, talk.alternatives)


def _answer(talk: Talk, argument: str) -> None:
    turn, words = turn_and_rest(talk, argument)
    old = turn or talk.conversation.last_answer()
    content = _other_words(talk, old, words)
    if content is not None:
        talk.conversation.reword_answer(content, turn=old)
        talk.say("saved next to the old one; /continue lets the model carry on from it")


def _other_words(talk: Talk, old: Turn, words: str) -> str | None:
    """What a turn should say instead; None where nothing was changed."""
    content = words or talk.edit_text(old.content)
    if content is None or not content.strip() or content == old.content:
        talk.say("nothing was changed")
        return None
    return content


ANSWER_COMMANDS = (
    Command(
        "regen",
        "[N] [K V…]",
        "answer the last question or turn N again, optionally with other settings",
        _regenerate,
        _complete_regen,
        "Answers",
        "/regen temperature 1.2 n=3",
    ),
    Command(
        "continue",
        "[N]",
        "continue the last answer, or turn N, from where it ends",
        _continue,
        lambda talk, _argument: turns(talk, "assistant"),
        "Answers",
        "/continue",
    ),
    Command(
        "edit",
        "[N] [TEXT]",
        "reword the last question, or turn N",
        _edit,
        lambda talk, _argument: turns(talk, "user"),
        "Answers",
        "/edit 1 A story about two lighthouses",
    ),
    Command(
        "answer",
        "[N] [TEXT]",
        "replace the last answer, or turn N, with your own words",
        _answer,
        lambda talk, _argument: turns(talk, "assistant"),
        "Answers",
        "/answer",
    ),
    Command(
        "alt",
        "N",
        "write N answers to the last question",
        _alternatives,
        lambda _talk, _argument: words(("2", "3", "4")),
        "Answers",
        "/alt 3",
    ),
    Command(
        "pick",
        "[K]",
        "list the versions of the last answer, or continue with version K",
        _pick,
        _complete_pick,
        "Answers",
        "/pick 2",
    ),
    Command(
        "merge",
        "[V:P…]",
        "list the paragraphs of all versions, or combine some into an answer",
        _merge,
        None,
        "Answers",
        "/merge 1:1 2:3",
    ),
)
