"""Commands about an answer that is there: what one thinks of it, what the model does, taking it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from tui.commands.command import Command, Suggestion
from tui.commands.completing import file_names, path_of, words
from tui.commands.reading import whole_number, without_force, words_of
from tui.errors import UsageProblem
from tui.paragraphs import code_blocks_of
from tui.private_file import write_private
from tui.talk import Talk
from tui.uncertain import judged, marked, own_scores, scored_words, scores_of


def _rate(talk: Talk, argument: str) -> None:
    sign, _, note = argument.partition(" ")
    values: Mapping[str, Literal[-1, 0, 1]] = {"+": 1, "-": -1, "0": 0}
    if sign not in values:
        raise UsageProblem("/rate takes +, - or 0, and a note if you like")
    answer = talk.conversation.last_answer()
    talk.conversation.marks.rate(answer.id, values[sign], note.strip())
    talk.say("rated")


def _copy(talk: Talk, argument: str) -> None:
    number = whole_number(argument, "/copy takes the number of a code block")
    content = talk.conversation.last_answer().content
    if number is None:
        talk.copy(content)
        talk.say("the answer is copied")
        return
    blocks = code_blocks_of(content)
    if not 1 <= number <= len(blocks):
        has = f"code blocks 1 to {len(blocks)}" if blocks else "no code blocks"
        raise UsageProblem(f"the last answer has {has}; /copy alone copies all of it")
    talk.copy(blocks[number - 1])
    talk.say(f"code block {number} is copied")


def _complete_copy(talk: Talk, _argument: str) -> Iterator[Suggestion]:
    blocks = code_blocks_of(talk.conversation.last_answer().content)
    for number, block in enumerate(blocks, 1):
        yield Suggestion(str(number), block.strip().split("\n")[0])


def _save(talk: Talk, argument: str) -> None:
    names, force = without_force(words_of(argument, "save"))
    if len(names) != 1:
        raise UsageProblem("/save takes the name of a file: /save answer.md")
    path = path_of(names[0])
    content = talk.conversation.last_answer().content
    write_private(path, f"{content.rstrip()}\n".encode("utf-8", "replace"), force=force)
    talk.say(f"the answer is saved in {path}")


def _complete_path(_talk: Talk, argument: str) -> Iterator[Suggestion]:
    return file_names(argument.rpartition(" ")[2])


def _probabilities(talk: Talk, _argument: str) -> None:
    conversation = talk.conversation
    tokens = scores_of(conversation.engine, conversation.log.session, conversation.last_answer())
    talk.say(marked(scored_words(tokens)))


def _score(talk: Talk, argument: str) -> None:
    if not argument:
        raise UsageProblem("/score takes the text: /score It was a dark and stormy night.")
    conversation = talk.conversation
    scores = own_scores(conversation.engine, conversation.messages_before(), argument)
    for line in judged(scores):
        talk.say(line)


JUDGING_COMMANDS = (
    Command(
        "rate",
        "+|-|0 [NOTE]",
        "say what you think of the last answer",
        _rate,
        lambda _talk, argument: words(("+", "-", "0")) if " " not in argument else (),
        "Answers",
        "/rate - too long",
    ),
    Command(
        "copy",
        "[N]",
        "copy the last answer, or its code block N, to the clipboard",
        _copy,
        _complete_copy,
        "Answers",
        "/copy 1",
    ),
    Command(
        "save",
        "[--force] PATH",
        "write the last answer to a file; --force replaces an existing one",
        _save,
        _complete_path,
        "Answers",
        "/save answer.md",
    ),
    Command(
        "probs",
        "",
        "show the last answer, marking the words the model was unsure of",
        _probabilities,
        None,
        "Answers",
        "/probs",
    ),
    Command(
        "score",
        "TEXT",
        "show what the model finds unusual in your text, and what is worn out",
        _score,
        None,
        "Answers",
        "/score It was a dark and stormy night.",
    ),
)
