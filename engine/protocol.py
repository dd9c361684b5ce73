"""What an engine is, for everything above it: the worker's client, a remote one, a scripted one."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Protocol

from engine.reports import ModelCard
from engine.types import Event, Message, Request, TokenScore


class Engine(Protocol):
    """Turns a request into events. One answer at a time."""

    @property
    def model_name(self) -> str:
        """What the model is called; known before it is loaded."""
        ...

    @property
    def card(self) -> ModelCard | None:
        """The loaded weights; None as long as they are not. Waits for nothing."""
        ...

    @property
    def host(self) -> str | None:
        """The server that everything said is sent to; None where it stays in this program."""
        ...

    def describe(self) -> ModelCard:
        """The loaded weights; waits for them.

        Raises:
            LoadFailed: If the weights cannot be used, one that kills the worker included.
            EndpointFailed: If the server that has them cannot be used.
        """
        ...

    def load(self) -> Generator[Event, None, None]:
        """`Loading` and `Notice` events until the weights are there; nothing where they are.

        Closing it does not end the loading. While it waits it yields the last `Loading` again, many
        times a second, so that whoever reads can turn to something else.

        Raises:
            LoadFailed: If the weights cannot be used.
            EndpointFailed: If the server that has them cannot be used.
        """
        ...

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of the messages as the model would get them, template included.

        Where the text would have to be sent away to be counted (`host`), it is an estimate.

        Raises:
            LoadFailed: If the weights cannot be used.
            TemplateFailed: If the chat template cannot render them.
            WorkerFailed: If the worker died over it.
        """
        ...

    def score(
        self, messages: Sequence[Message], text: str, *, after: str = ""
    ) -> tuple[TokenScore, ...]:
        """What the model thinks of a given answer to the messages, token by token.

        Args:
            messages: None at all where it is a plain text, without any template.
            text: What is scored.
            after: How the answer begins, or the plain text; it is not scored. Without messages some
                models say nothing of a text's first token unless there is something before it.

        Raises:
            CannotFit: If messages and text are longer than the context.
            LoadFailed: If the weights cannot be used.
            TemplateFailed: If the chat template cannot render the messages.
            Unsupported: If the model is at a server, which cannot be asked this.
            WorkerFailed: If the worker died over it.
        """
        ...

    def variants(
        self, messages: Sequence[Message], text: str, *, within: float, most: int = 16
    ) -> tuple[str, ...]:
        """What the model would nearly have answered in place of a text, one place changed in each.

        Args:
            messages: What is answered.
            text: The given answer, such as the draft that is to be corrected.
            within: How many nats less likely than the text's own token the first one that differs
                may be; it may be likelier too.
            most: How many are tried, the likeliest first.

        Raises:
            CannotFit: If messages and text are longer than the context.
            LoadFailed: If the weights cannot be used.
            TemplateFailed: If the chat template cannot render the messages.
            Unsupported: If this engine or model cannot tell.
            WorkerFailed: If the worker died over it.
        """
        ...

    def stream(self, request: Request) -> Generator[Event, None, None]:
        """The events of one answer, ending in `Finished`. Closing it ends the answer.

        A `cancel` counts from this call on, even before the first event is asked for.

        Raises:
            CannotFit: If the prompt is longer than the context, before anything is evaluated.
            LoadFailed: If the weights cannot be used.
            TemplateFailed: If the chat template cannot render the messages.
            Unsupported: If the model or the engine cannot do what is asked for.
            EndpointFailed: If a server cannot be used, before anything of the answer came.

        A worker that dies while it answers, or a server that breaks off, does not raise: the last
        event is then a `Finished` whose reason is ``error``, so that what was generated is kept.
        """
        ...

    def cancel(self) -> None:
        """Ends the answer in progress soon; its last event says ``cancelled``.

        Safe from another thread and from a signal handler; without an answer it does nothing.
        """
        ...

    def check(self) -> None:
        """Looks whether loaded weights are still there; waits for nothing.

        Raises:
            WorkerFailed: If the worker has died, while nothing was asked of it. Only once; what is
                asked for next loads them again.
        """
        ...

    def let_go(self) -> None:
        """Leaves a worker that outlives its callers to the next one, which may be another engine
        of the same model; what is asked for next finds it again, or loads anew.

        Where there is no such worker it does nothing.
        """
        ...

    def close(self) -> None:
        """Gives everything back. Any number of times."""
        ...
