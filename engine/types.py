"""Values that every room shares: messages, sampling, requests and the events that answer them.

Plain frozen dataclasses without behaviour beyond checking themselves, so that sessions, prompts
and drafts can speak of messages without importing anything that runs a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal, TypeAlias

Role: TypeAlias = Literal["system", "user", "assistant"]

FinishReason: TypeAlias = Literal["end", "length", "stop", "cancelled", "error"]
"""Why an answer ended: a real end-of-generation token, the token limit or the context's end, a
stop string, the person, or a failure of the engine."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a model sees: who speaks, and the words."""

    role: Role
    content: str


SAMPLING_RANGES: Mapping[str, tuple[float, float]] = {
    "temperature": (0.0, 10.0),
    "top_k": (0, 1_000_000),
    "top_p": (0.0, 1.0),
    "min_p": (0.0, 1.0),
    "repeat_penalty": (0.01, 10.0),
    "frequency_penalty": (-2.0, 2.0),
    "presence_penalty": (-2.0, 2.0),
    "repeat_last_n": (-1, 1_000_000),
    "seed": (0, 2**32 - 2),
}
"""The inclusive range of each field of `Sampling`. llama.cpp reserves seed 2³²-1 for "random"."""

_WHOLE = ("top_k", "repeat_last_n", "seed")


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen from the model's distribution, in llama.cpp's terms.

    Raises:
        ValueError: If a field is not a number within `SAMPLING_RANGES`, which the text names.
    """

    temperature: float = 0.7
    """0 is greedy: always the likeliest token."""
    top_k: int = 40
    """Keep the k likeliest tokens; 0 keeps all."""
    top_p: float = 0.95
    """Keep the smallest set of tokens whose probabilities add up to this; 1 keeps all."""
    min_p: float = 0.05
    """Drop tokens less likely than this share of the likeliest one's probability."""
    repeat_penalty: float = 1.0
    """Divides the logits of tokens seen in the last `repeat_last_n`; 1 is off."""
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    repeat_last_n: int = 64
    """How many tokens back the penalties look; -1 is the whole context, 0 turns them off."""
    seed: int | None = None
    """None draws one at random for each answer."""

    def __post_init__(self) -> None:
        for name, (low, high) in SAMPLING_RANGES.items():
            value = getattr(self, name)
            if value is None and name == "seed":
                continue
            whole = name in _WHOLE
            if not isinstance(value, int if whole else int | float) or not low <= value <= high:
                kind = "a whole number" if whole else "a number"
                raise ValueError(f"{name} must be {kind} from {low:g} to {high:g}, not {value!r}")

    def to_dict(self) -> dict[str, float | int | None]:
        """The fields by name."""
        return asdict(self)


SAMPLING_NAMES: tuple[str, ...] = tuple(field.name for field in fields(Sampling))


@dataclass(frozen=True, slots=True)
class Request:
    """One answer asked for."""

    messages: tuple[Message, ...]
    sampling: Sampling = Sampling()
    max_tokens: int | None = None
    """None: until the model ends, or the context is full."""
    stop: tuple[str, ...] = ()
    """Texts that end the answer; they are not part of it."""
    prefill: str = ""
    """What the assistant has said already; the answer goes on from exactly here, in the middle of a
    word too, and does not repeat it. Without messages: a plain text to complete."""
    reference: str = ""
    """A text that the answer will probably follow, such as the draft being revised."""
    grammar: str | None = None
    """A GBNF grammar that the answer must follow."""
    schema: str | None = None
    """A JSON Schema, as JSON text, that the answer must fit. Not together with `grammar`."""
    banned: tuple[str, ...] = ()
    """Phrases that must not appear in the answer, in any case."""
    alternatives: int = 1
    """Answers to write at once; each of their events carries its index."""
    top_logprobs: int | None = None
    """With a number, `Scored` events come along, with so many other tokens for each."""
    think: bool | None = None
    """Whether to think aloud first, for models whose template has a switch; None leaves it."""
    stable_messages: int = 0
    """How many of the first messages other requests will share: system text and examples."""


KvType: TypeAlias = Literal["f16", "q8_0", "q4_0"]
FlashAttention: TypeAlias = Literal["auto", "on", "off"]


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How weights are put to work; None leaves the choice to the engine."""

    n_ctx: int | None = None
    """Tokens the context may grow to. None: what the model was trained on, or what fits memory."""
    threads: int | None = None
    """None: every core this process may use."""
    gpu_layers: int = -1
    """Layers on the GPU, where there is one; negative is all of them."""
    batch: int | None = None
    """The most tokens evaluated in one call."""
    kv_type: KvType = "f16"
    """How keys and values are kept: smaller ones take less memory and lose a little."""
    flash_attention: FlashAttention = "auto"
    chat_template: str | None = None
    """Jinja source, in place of the model's own."""
    snapshots: str | None = None
    """The folder where KV state is kept between processes; None keeps none."""
    snapshot_budget: int = 2 * 2**30
    """Bytes that the folder may hold."""


@dataclass(frozen=True, slots=True)
class SystemReport:
    """What the worker's llama.cpp is built with."""

    llama_cpp: str
    """llama.cpp's own version."""
    binding: str
    """The version of llama-cpp-python."""
    features: str
    """llama.cpp's own list of instruction sets and backends."""
    gpu_offload: bool
    """Whether this build can put layers on a GPU."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    """How many of the prompt's tokens were in the KV cache already."""
    proposed_tokens: int = 0
    """Tokens that speculation proposed."""
    accepted_tokens: int = 0
    """How many of them were what the model chose."""


@dataclass(frozen=True, slots=True)
class Timings:
    """Wall-clock seconds of one answer, measured in the worker."""

    prefill_s: float
    """From the request's arrival to the first token."""
    decode_s: float
    """From the first token to the last."""


@dataclass(frozen=True, slots=True)
class Loading:
    """The weights are being read."""

    fraction: float


@dataclass(frozen=True, slots=True)
class Prefill:
    """The prompt is being evaluated: `done` of `total` tokens, `cached` of them for nothing."""

    done: int
    total: int
    cached: int


@dataclass(frozen=True, slots=True)
class Piece:
    """The next characters of the answer: whole ones, never a part of a UTF-8 sequence."""

    text: str
    index: int = 0
    """Which of the alternatives it belongs to."""


@dataclass(frozen=True, slots=True)
class Reasoning:
    """The next characters of what the model thinks aloud before it answers."""

    text: str
    index: int = 0


@dataclass(frozen=True, slots=True)
class TokenScore:
    """What the model thought of one token, before any sampler changed its distribution."""

    text: str
    """A token that holds part of a character has U+FFFD in its place."""
    logprob: float
    """Natural logarithm of its probability."""
    rank: int
    """How many tokens were likelier."""
    others: tuple[tuple[str, float], ...] = ()
    """The likeliest tokens, this one perhaps among them, with their log-probabilities."""


@dataclass(frozen=True, slots=True)
class Scored:
    """The scores of the next tokens, reasoning and end marker left out."""

    tokens: tuple[TokenScore, ...]
    index: int = 0


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know about how the request was carried out; one line."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of every answer; of several alternatives, each has one."""

    reason: FinishReason
    usage: Usage
    timings: Timings
    error: str | None = None
    """What went wrong, in one line, when the reason is ``error``."""
    index: int = 0


Event: TypeAlias = Loading | Prefill | Notice | Reasoning | Piece | Scored | Finished


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What is known of the weights once they are loaded."""

    name: str
    """Without folder and ``.gguf``; what people call it and what sessions record."""
    path: Path
    description: str
    """llama.cpp's own summary: architecture, size and quantization."""
    parameters: int
    size_bytes: int
    """Of the tensors, in bytes."""
    n_ctx: int
    """The context in use, in tokens."""
    n_ctx_train: int
    """The context that the model was trained on, in tokens."""
    has_chat_template: bool
    metadata: Mapping[str, str]
    """GGUF metadata as text, without the vocabulary and the template."""
