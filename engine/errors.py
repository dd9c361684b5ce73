"""Everything that can go wrong in an engine.

EngineError
├── NoModel            nothing to load was found
├── UnknownModel       a name that fits no model, or several
├── NotHere            a published model that was not downloaded yet
├── DownloadFailed     a model could not be downloaded
│   └── NoRepository   what it should come from is not there
├── LoadFailed         the file is not weights, or llama.cpp refused them
│   └── NotUsable      what goes by a name is no model, as is known without loading it
├── QuantizeFailed     weights could not be quantized
├── TemplateFailed     the model's chat template could not be rendered
├── GrammarFailed      a grammar or JSON Schema cannot be used
├── CannotFit          the prompt is longer than the context
├── Unsupported        the model, or this engine, cannot do what was asked for
├── WorkerFailed       the process that owns llama.cpp died, or met an error of its own
├── EndpointFailed     a server could not be reached, refused the request, or broke off
└── Offline            what was named is at a server, and nothing may be sent
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

_LONGEST = 500
"""Characters of an error's text."""


class EngineError(Exception):
    """The base of this room's errors; its text is one line, ready to be shown."""

    def __str__(self) -> str:
        """The text in one line of bearable length: a damaged file can have any text in its keys."""
        text = " ".join(super().__str__().split())
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


class NoModel(EngineError):
    """No weights were named and none were found."""


class UnknownModel(EngineError):
    """No model, or more than one, goes by the name.

    Attributes:
        name: The name as it was given.
        nearest: Names that were probably meant, best first.
        is_ambiguous: Whether it fits several.
    """

    def __init__(self, name: str, nearest: Sequence[str], *, ambiguous: bool = False) -> None:
        self.name = name
        self.is_ambiguous = ambiguous
        self.nearest = tuple(nearest)
        fits = "fits several models" if ambiguous else "is neither a file nor a known model"
        super().__init__(f"{name!r} {fits}")


class NotHere(EngineError):
    """A model of Hugging Face was named that is not on this machine.

    Attributes:
        name: ``hf:user/repo`` or ``hf:user/repo:QUANTIZATION``.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name} is not on this machine")


class DownloadFailed(EngineError):
    """A model could not be downloaded; the text says why, and what to do."""


class NoRepository(DownloadFailed):
    """The hub has no such repository, or none that it shows to whoever asks."""


class LoadFailed(EngineError):
    """The file is missing, is not GGUF, or llama.cpp refused it; the text has its reason."""


class NotUsable(LoadFailed):
    """Something of that name is there, and no model that can be used.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path, why: str) -> None:
        self.path = path
        super().__init__(f"{path} {why}")


class QuantizeFailed(EngineError):
    """llama.cpp could not quantize a file; the text has its reason."""


class TemplateFailed(EngineError):
    """The chat template raised, looped, or is missing."""


class GrammarFailed(EngineError):
    """A grammar or a JSON Schema does not parse; the text says where."""


class CannotFit(EngineError):
    """The prompt does not fit the context.

    Attributes:
        needed: Tokens of the prompt.
        available: Tokens the context holds, one kept for the answer.
        at_least: Whether there may be more tokens: some servers count no further than it takes to
            know that they are too many.
    """

    def __init__(self, needed: int, available: int, *, at_least: bool = False) -> None:
        self.needed = needed
        self.available = available
        self.at_least = at_least
        least = "at least " if at_least else ""
        super().__init__(
            f"the prompt has {least}{needed:,} tokens and the context holds {available:,}"
        )


class Unsupported(EngineError):
    """The model, or this engine, cannot do what the request asks for."""


class WorkerFailed(EngineError):
    """The worker process died, or met an error that it has no better name for; the text has it."""


class EndpointFailed(EngineError):
    """A server is not there, does not want the request, or broke off; the text says what to do."""


class Offline(EngineError):
    """Something is at a server that the person wants nothing to be sent to."""
