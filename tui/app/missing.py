"""What stands in for an engine where there is no model: sessions can be read all the same."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import NoReturn

from engine.errors import NoModel
from engine.reports import ModelCard
from engine.types import Event, Message, Request, TokenScore


class MissingEngine:
    """An `Engine` of which nothing can be asked."""

    model_name = "no model"
    card: ModelCard | None = None
    host: str | None = None

    def describe(self) -> ModelCard:
        """See `Engine`."""
        self._refuse()

    def load(self) -> Generator[Event, None, None]:
        """See `Engine`."""
        yield from ()

    def count(self, messages: Sequence[Message]) -> int:
        """See `Engine`."""
        self._refuse()

    def score(
        self, messages: Sequence[Message], text: str, *, after: str = ""
    ) -> tuple[TokenScore, ...]:
        """See `Engine`."""
        self._refuse()

    def variants(
        self, messages: Sequence[Message], text: str, *, within: float, most: int = 16
    ) -> tuple[str, ...]:
        """See `Engine`."""
        self._refuse()

    def stream(self, request: Request) -> Generator[Event, None, None]:
        """See `Engine`."""
        self._refuse()

    def cancel(self) -> None:
        """See `Engine`."""

    def check(self) -> None:
        """See `Engine`."""

    def let_go(self) -> None:
        """See `Engine`."""

    def close(self) -> None:
        """See `Engine`."""

    def _refuse(self) -> NoReturn:
        raise NoModel("there is no model yet")
