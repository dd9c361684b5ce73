"""Has several answers that are being made shown side by side, wherever they were asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.screen import Screen

from tui.app.overview import Overview

if TYPE_CHECKING:
    from tui.app.screens.alternatives import AlternativesScreen


class Abreast:
    """The screen with the answers, as long as it is there."""

    def __init__(self, chat: Screen[None]) -> None:
        """Nothing is shown yet.

        Args:
            chat: What it is shown over.
        """
        self._chat = chat
        self._screen: AlternativesScreen | None = None

    async def show(self, overview: Overview) -> None:
        """Show the answers, if there are several and they have just begun."""
        answers = overview.answers
        if len(answers) > 1 and answers[0].is_live and self._chat.is_active:
            from tui.app.screens.alternatives import AlternativesScreen

            self._screen = AlternativesScreen(answers)
            await self._chat.app.push_screen(self._screen)

    async def grow(self, turn: str, text: str) -> None:
        """Show more words of one of them."""
        if self._screen is not None and self._screen.is_attached:
            await self._screen.grow(turn, text)
