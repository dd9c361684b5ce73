"""The review of a revision as questions and answers, line by line, as ``git add -p`` does it: for
screen readers and dumb terminals. Nothing is drawn, nothing is painted over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from tui.errors import UsageProblem
from tui.reviewing.flow import in_words, line_of
from tui.reviewing.state import SAID, Change, Decision, Review
from tui.reviewing.thread import Wish
from tui.sanitize import sanitize, sanitize_changed, sanitize_line

OTHER_WORDS = "Say it in another way."
VERSIONS = 3
"""How many other versions of a change are asked for at once."""

SMALL = "changes to spaces and quotation marks"

KEYS = """\
y accept this change          n skip it
e edit the proposed words     r ask for other words
A other versions              A NUMBER use one of them
a accept the rest of the file d skip the rest of the file
  (including what is still to come; doubtful changes are never accepted this way)
u undo the last decision
j next change                 k previous change
g NUMBER go to a change       / WORDS find a change
w changes to spaces and quotation marks one by one, or as one
q stop and write what you accepted
? these keys"""

_ALONE = frozenset("ynaduejkwq?")
"""Keys that nothing may follow: a word that begins with one was meant for something else."""


class Desk(Protocol):
    """What a review by lines needs of its surroundings. Within it the model works."""

    names: Sequence[str]
    """The drafts' names, by number."""
    texts: Sequence[str]

    def __enter__(self) -> Desk: ...

    def __exit__(self, *_: object) -> None: ...

    def read(self, question: str) -> str:
        """Show a question and read a line.

        Raises:
            EOFError: At the end of input.
        """
        ...

    def write(self, line: str) -> None:
        """Say a line."""
        ...

    def edit(self, words: str) -> str | None:
        """Have a person change words; None if they left them.

        Raises:
            UsageProblem: If there is no editor.
        """
        ...

    def more(self, *, wait: bool) -> Sequence[Change] | None:
        """The next changes; none if there are none yet, or a piece had none.

        Args:
            wait: Until there are some.

        Returns:
            None if there will be no more.
        """
        ...

    def fulfil(self, wish: Wish) -> None:
        """Wait for the model's other words for a change, and put them into the review."""
        ...


def rest_of(review: Review, names: Sequence[str]) -> Iterator[str]:
    """What becomes of what is still coming, where the person has said so."""
    for file, decision in review.rest.items():
        what = "accepted, except what is doubtful" if decision == "taken" else "skipped"
        yield f"the rest of {names[file]} is {what}, as it arrives: u undoes that"


def review_by_lines(review: Review, desk: Desk) -> bool:
    """Ask about every change until all are decided, or the person stops.

    Returns:
        Whether what was taken is to be kept: not at the end of input, which nobody typed.
    """
    with desk:
        try:
            while _ask_once(review, desk):
                pass
        except EOFError:
            return False
    return True


def _ask_once(review: Review, desk: Desk) -> bool:
    """Ask about one change, or whether it is all; whether to go on."""
    _take_in(review, desk)
    change = review.current
    if change is not None:
        _say(review, change, desk)
        return _asked(review, desk, "y, n, e, r, A, a, d, u, j, k, g, /, w, q, ? > ")
    if not review.changes:
        return False
    taken = sum(each.decision == "taken" for each in review.changes)
    desk.write(f"everything is decided: {taken} of {len(review.changes)} changes are accepted")
    return _asked(review, desk, "q writes them and ends; u, k, g, / go back > ")


def _take_in(review: Review, desk: Desk) -> None:
    """Take in the changes that have come; wait for some where there is nothing to ask about."""
    while not review.is_complete:
        is_idle = review.open == 0
        arrived = desk.more(wait=is_idle)
        if arrived is None:
            review.is_complete = True
        elif arrived or is_idle:
            review.add(arrived)
        else:
            return


def _asked(review: Review, desk: Desk, question: str) -> bool:
    """Ask until there is something else to show; whether to go on."""
    shown = (review.here, review.current)
    while shown == (review.here, review.current):
        if not _obey(desk.read(question).strip(), review, desk):
            return False
    return True


def _say(review: Review, change: Change, desk: Desk) -> None:
    """Announce a change: where it is, what is taken out, what is put in."""
    name = sanitize_line(desk.names[change.file])
    if folded := review.folded:
        desk.write(f"{name}, {len(folded)} {SMALL}, as one; w shows each{_fate(review)}")
        return
    desk.write(f"{name}, change {review.here + 1} of {len(review.changes)}{_fate(review)}")
    if change.warning:
        desk.write(f"careful: {sanitize_line(change.warning)}")
    if len(review.together) > 1:
        desk.write(
            f"moved: change {review.together[1] + 1} is the other half and is decided with it"
        )
    if where := line_of(desk.texts[change.file], change):
        desk.write(f"in: {sanitize_line(where)}")
    for word, text in (("removed", change.hunk.old), ("added", change.proposed)):
        lines = text.split("\n") if text.strip() else [in_words(text)]
        for line in lines:
            if line.strip():
                desk.write(f"{word}: {sanitize_changed(line)}")


def _fate(review: Review) -> str:
    """What was decided about what is shown, as the end of a line."""
    decisions = {review.changes[number].decision for number in review.together}
    if decisions == {"open"}:
        return ""
    return f", {SAID[decisions.pop()]}" if len(decisions) == 1 else ", some of them decided"


def _obey(line: str, review: Review, desk: Desk) -> bool:
    """Do what a line says; whether to go on."""
    key, argument = line[:1], line[1:].strip()
    if (key in _ALONE and argument) or (key == "r" and argument and line[1] != " "):
        key = "?"
    if key in ("y", "n", "a", "d"):
        _decide(key, review, desk)
    elif key in ("j", "k", "g", "/"):
        _move(key, argument, review, desk)
    elif key in ("e", "r", "A"):
        _reword(key, argument, review, desk)
    elif key == "u":
        if not review.undo():
            desk.write("there is nothing to undo")
    elif key == "w":
        review.is_folding = not review.is_folding
        desk.write(f"{SMALL}: {'as one' if review.is_folding else 'each by itself'}")
        _show(review, desk)
    elif key != "q":
        desk.write(KEYS)
    return key != "q"


def _decide(key: str, review: Review, desk: Desk) -> None:
    decision: Decision = "taken" if key in ("y", "a") else "skipped"
    if key in ("y", "n"):
        review.decide(decision)
        return
    review.decide_rest(decision)
    for line in rest_of(review, desk.names):
        desk.write(sanitize_line(line))


def _show(review: Review, desk: Desk) -> None:
    """Say again what is shown, where the same change looks another way than before."""
    if review.current is not None:
        _say(review, review.current, desk)


def _move(key: str, argument: str, review: Review, desk: Desk) -> None:
    if key in ("j", "k"):
        if not review.move(1 if key == "j" else -1):
            desk.write(f"this is the {'last' if key == 'j' else 'first'} change")
    elif key == "g" and argument.isdecimal():
        review.go_to(int(argument) - 1)
    elif key == "/" and argument:
        if not review.find(argument):
            desk.write(f"no change has {sanitize_line(repr(argument))}")
    else:
        desk.write(KEYS)


def _reword(key: str, argument: str, review: Review, desk: Desk) -> None:
    change = review.current
    if change is None:
        return
    if review.folded:
        desk.write("w shows each of these changes by itself first")
    elif key == "e":
        _edit(change, review, desk)
    elif key == "r":
        instruction = argument or desk.read("what should be different? ").strip()
        if instruction:
            desk.fulfil(Wish(change, instruction))
    elif argument.isdecimal() and 1 <= int(argument) <= len(change.versions):
        review.decide("taken", change.versions[int(argument) - 1])
    else:
        _show_versions(change, review, desk)


def _edit(change: Change, review: Review, desk: Desk) -> None:
    try:
        text = desk.edit(change.proposed)
    except UsageProblem as error:
        desk.write(sanitize_line(str(error)))
        return
    if text is not None:
        review.decide("taken", text)


def _show_versions(change: Change, review: Review, desk: Desk) -> None:
    if not change.versions:
        desk.fulfil(Wish(change, OTHER_WORDS, VERSIONS))
    shown = review.changes[review.number_of(change.hunk)]
    for number, version in enumerate(shown.versions, 1):
        desk.write(f"version {number}: {sanitize(version)}")
    if shown.versions:
        desk.write("A NUMBER uses one")
