"""Stretches of a review as what a screen shows: with colours, and with signs for who sees none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual.content import Content

from tui.reviewing.flow import Stretch, excerpt
from tui.reviewing.state import Change
from tui.sanitize import sanitize, sanitize_changed, sanitize_line

_STYLES = {
    "deleted": "$text-error on $error-muted",
    "inserted": "$text-success on $success-muted",
}

_SIGNS = {"deleted": "[-{}-]", "inserted": "{{+{}+}}"}


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is shown, and where in it to look."""

    content: Content
    before: Content
    """What comes before the change that is shown: so far down it is."""


def drawn(stretches: Sequence[Stretch], here: int, *, without: str = "") -> Drawn:
    """A stretch of the draft; the change that is shown is bold and between two triangles.

    Args:
        stretches: Of the flow.
        here: The number of the change that is shown.
        without: A role that is left out, as insertions are from the original.
    """
    mine = [at for at, stretch in enumerate(stretches) if stretch.number == here]
    first, last = (mine[0], mine[-1] + 1) if mine else (0, 0)
    shown = [stretch for stretch in stretches[first:last] if stretch.role != without]
    before = [stretch for stretch in stretches[:first] if stretch.role != without]
    after = [stretch for stretch in stretches[last:] if stretch.role != without]
    beginning = Content.assemble(*_parts(before, ""))
    mark = Content.styled("▸", "bold") if mine else Content("")
    end = Content.styled("◂", "bold") if mine else Content("")
    middle = Content.assemble(*_parts(shown, "bold"))
    rest = Content.assemble(*_parts(after, ""))
    return Drawn(Content("").join([beginning, mark, middle, end, rest]), beginning)


def drawn_list(text: str, changes: Sequence[Change], *, most: int = 200) -> Drawn:
    """Changes with a few words around each, one below the other."""
    lines = [
        Content.assemble("· ", *_parts(excerpt(text, change, number), "", in_line=True))
        for number, change in enumerate(changes[:most])
    ]
    if len(changes) > most:
        lines.append(Content(f"and {len(changes) - most:,} more"))
    return Drawn(Content("\n").join(lines), Content(""))


def _parts(
    stretches: Iterable[Stretch], style: str, *, in_line: bool = False
) -> Iterable[str | tuple[str, str]]:
    for stretch in stretches:
        # Nobody sees a line break that goes or comes alone.
        is_marked = in_line or (stretch.role in _SIGNS and stretch.text.isspace())
        words = sanitize_changed(stretch.text) if stretch.role in _SIGNS else stretch.text
        words = (sanitize_line if is_marked else sanitize)(words)
        words = _SIGNS.get(stretch.role, "{}").format(words)
        styles = " ".join(part for part in (style, _STYLES.get(stretch.role, "")) if part)
        yield (words, styles) if styles else words
