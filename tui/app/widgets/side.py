"""What stands beside the conversation: panels, of which a small window shows one at a time."""

from __future__ import annotations

from textual.containers import Vertical
from textual.screen import Screen

from tui.app.faults import Steadfast

_BESIDE = ("-roomy", "-broad")
"""Classes of a screen that has room for a panel beside the conversation."""


class Side(Steadfast, Vertical):
    """A panel. Below 100 columns it covers the conversation, or is hidden."""

    def begin(self) -> None:
        """Take the keys."""
        raise NotImplementedError


async def toggle(screen: Screen[None], panel: type[Side], *, is_left: bool) -> None:
    """Show a panel beside the conversation, or take it away."""
    room = screen.query_one("#room")
    found = room.query(panel)
    if found and found.first().display:
        await take_away(screen, found.first())
        return
    for other in room.query(Side):
        other.remove_class("front")
    if not found:
        await room.mount(panel(classes="side front"), before=0 if is_left else None)
    side = room.query_one(panel)
    side.add_class("front")
    room.set_class(not any(map(screen.has_class, _BESIDE)), "covered")
    side.begin()


async def take_away(screen: Screen[None], side: Side) -> None:
    """Take a panel away."""
    room = screen.query_one("#room")
    room.remove_class("covered")
    await side.remove()
    for other in list(room.query(Side))[-1:]:
        other.add_class("front")


async def uncover(screen: Screen[None], side: Side) -> None:
    """Take a panel away where it covers the conversation."""
    if screen.query_one("#room").has_class("covered"):
        await take_away(screen, side)
