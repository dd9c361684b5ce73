"""Values that every room shares: messages, sampling, requests and the events that answer them.

Plain frozen dataclasses without behaviour beyond checking themselves, so that sessions, prompts
and drafts can speak of messages without importing anything that runs a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

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
    "dynatemp_range": (0.0, 10.0),
    "dynatemp_exponent": (0.0, 10.0),
    "top_k": (0, 1_000_000),
    "top_p": (0.0, 1.0),
    "min_p": (0.0, 1.0),
    "typical_p": (0.0, 1.0),
    "top_n_sigma": (-1.0, 100.0),
    "xtc_probability": (0.0, 1.0),
    "xtc_threshold": (0.0, 1.0),
    "repeat_penalty": (0.01, 10.0),
    "frequency_penalty": (-2.0, 2.0),
    "presence_penalty": (-2.0, 2.0),
    "repeat_last_n": (-1, 1_000_000),
    "dry_multiplier": (0.0, 100.0),
    "dry_base": (1.0, 10.0),
    "dry_allowed_length": (1, 1000),
    "dry_penalty_last_n": (-1, 1_000_000),
    "adaptive_target": (-1.0, 1.0),
    "adaptive_decay": (0.0, 0.99),
    "mirostat": (0, 2),
    "mirostat_tau": (0.0, 100.0),
    "mirostat_eta": (0.0, 1.0),
    "beams": (1, 16),
    "beam_groups": (1, 16),
    "beam_diversity": (0.0, 10.0),
    "length_penalty": (0.0, 5.0),
    "keep": (-10.0, 100.0),
    "seed": (0, 2**32 - 2),
}
"""The inclusive range of each numeric field of `Sampling`. llama.cpp reserves seed 2³²-1 for
"random". Of `mirostat`, 1 is no value: its first version is not offered."""

BIAS_RANGE: tuple[float, float] = (-100.0, 100.0)
"""The inclusive range of a bias; the lowest bans."""

SAMPLERS: tuple[str, ...] = (
    *("penalties", "dry", "top_n_sigma", "top_k", "typical_p"),
    *("top_p", "min_p", "xtc", "temperature"),
)
"""What may stand in `Sampling.samplers`, in llama.cpp's own order."""

_WHOLE = (
    *("top_k", "repeat_last_n", "dry_allowed_length", "dry_penalty_last_n"),
    *("mirostat", "beams", "beam_groups", "seed"),
)

LONGEST_BREAKER = 40
"""Bytes of a sequence breaker that llama.cpp looks at."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen from the model's distribution, in llama.cpp's terms.

    Lists become tuples, and a mapping of biases sorted pairs, so that values can be compared.

    Raises:
        ValueError: If a field is not what `checked` takes, or two do not go together.
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
    dynatemp_range: float = 0.0
    """The temperature varies by so much both ways, with the entropy of each distribution."""
    dynatemp_exponent: float = 1.0
    typical_p: float = 1.0
    """Keep the tokens whose surprise is nearest to the expected one, up to this sum; 1 is off."""
    top_n_sigma: float = -1.0
    """Keep tokens within so many standard deviations of the highest logit; 0 or less is off."""
    xtc_probability: float = 0.0
    """How often the likeliest tokens are left out; 0 is off."""
    xtc_threshold: float = 0.1
    """All tokens at least this likely are left out but the last of them; above 0.5 none can be."""
    dry_multiplier: float = 0.0
    """Weight of the penalty for what would prolong a repetition; 0 is off."""
    dry_base: float = 1.75
    dry_allowed_length: int = 2
    """The longest repetition that costs nothing, in tokens."""
    dry_penalty_last_n: int = -1
    """How many tokens back repetitions are looked for; -1 is the whole context, 0 is off."""
    dry_sequence_breakers: tuple[str, ...] = ("\n", ":", '"', "*")
    """Texts that no repetition reaches across."""
    adaptive_target: float = -1.0
    """Choose tokens near this probability, on average; negative is off."""
    adaptive_decay: float = 0.9
    mirostat: int = 0
    """2 keeps the surprise near `mirostat_tau`, in place of the truncating samplers; 0 is off."""
    mirostat_tau: float = 5.0
    mirostat_eta: float = 0.1
    logit_bias: tuple[tuple[str, float], ...] = ()
    """What is added to the logits of texts; -100 bans a text. A mapping will do."""
    samplers: tuple[str, ...] = SAMPLERS
    """Which samplers are applied, in this order."""
    beams: int = 1
    """Beams of a beam search, which takes the place of sampling; 1 is off."""
    beam_groups: int = 1
    """Groups of beams that are kept apart from each other."""
    beam_diversity: float = 0.5
    """What a token costs that another group has chosen at the same place."""
    length_penalty: float = 0.6
    """How much longer beams are favoured; 0 not at all."""
    keep: float = 0.0
    """How many nats likelier than the reference's next token another one must be before the answer
    leaves its `Request.reference`; below 0 it leaves it sooner."""

    def __post_init__(self) -> None:
        for name, default in _SAMPLING_DEFAULTS:
            value = getattr(self, name)
            if value is not default:
                object.__setattr__(self, name, self.checked(name, value))
        if self.beams % self.beam_groups:
            raise ValueError(
                f"beam_groups must divide beams ({self.beams}), and {self.beam_groups} does not"
            )

    @staticmethod
    def checked(name: str, value: object) -> Any:
        """A field's value as it is kept.

        Raises:
            ValueError: If the field cannot have it; the text begins with the name and says what it
                can have.
        """
        if name in SAMPLING_RANGES:
            return _checked_number(name, value, SAMPLING_RANGES[name])
        if name == "logit_bias":
            return _checked_biases(value)
        texts = _checked_texts(name, value)
        return _checked_samplers(texts) if name == "samplers" else texts

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, as JSON has them."""
        values = asdict(self)
        lists = {name: list(value) for name, value in values.items() if isinstance(value, tuple)}
        return {**values, **lists, "logit_bias": dict(self.logit_bias)}


def _checked_number(name: str, value: object, limits: tuple[float, float]) -> object:
    low, high = limits
    whole = name in _WHOLE
    is_number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    if value is None and name == "seed":
        return value
    if name == "mirostat" and not (is_number and value in (0, 2)):
        raise ValueError(f"mirostat must be 0 or 2, not {value!r}")
    if not is_number or not low <= cast("float", value) <= high:
        kind = "a whole number" if whole else "a number"
        raise ValueError(f"{name} must be {kind} from {low:.10g} to {high:.10g}, not {value!r}")
    return value


def _checked_biases(value: object) -> tuple[tuple[str, float], ...]:
    try:
        pairs: dict[object, object] = dict(cast("Any", value))
    except (TypeError, ValueError):
        raise ValueError(f"logit_bias must be texts with numbers, not {value!r}") from None
    for text, bias in pairs.items():
        if not isinstance(text, str) or not text:
            raise ValueError(f"logit_bias must be texts with numbers, not {text!r}")
        _checked_number(f"logit_bias of {text!r}", bias, BIAS_RANGE)
    return tuple(sorted(cast("dict[str, float]", pairs).items()))


def _checked_texts(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(text, str) for text in value):
        raise ValueError(f"{name} must be a list of texts, not {value!r}")
    for text in value:
        if not 1 <= len(text.encode(errors="replace")) <= LONGEST_BREAKER:
            raise ValueError(f"{name} must be texts of 1 to {LONGEST_BREAKER} bytes, not {text!r}")
    return tuple(value)


def _checked_samplers(names: tuple[str, ...]) -> tuple[str, ...]:
    found = tuple("typical_p" if name == "typ_p" else name for name in names)
    for name in found:
        if name not in SAMPLERS:
            raise ValueError(f"samplers must be some of {', '.join(SAMPLERS)}, not {name!r}")
        if found.count(name) > 1:
            raise ValueError(f"samplers must be named once each, and {name} is named twice")
    return found


SAMPLING_NAMES: tuple[str, ...] = tuple(field.name for field in fields(Sampling))

_SAMPLING_DEFAULTS = tuple((field.name, field.default) for field in fields(Sampling))


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
    reproducible: bool = False
    """Whether the same seed should give the same tokens: then nothing depends on measured times.
    The size of a batch changes how its numbers are rounded, and so, now and then, a choice. What
    other conversations have left in the cache was read in batches of its own, and can do so too."""
    stable_messages: int = 0
    """How many of the first messages other requests will share: system text and examples."""

    aside: bool = False
    """Whether it is no part of a conversation: then it leaves no snapshot behind."""

    def sampling_of(self, index: int) -> Sampling:
        """The sampling of one of the alternatives: each has a seed of its own."""
        if not index or self.sampling.seed is None:
            return self.sampling
        return replace(self.sampling, seed=(self.sampling.seed + index) % (2**32 - 1))


KvType: TypeAlias = Literal["f16", "q8_0", "q4_0"]
FlashAttention: TypeAlias = Literal["auto", "on", "off"]
GpuLayers: TypeAlias = "int | Literal['auto', 'all']"

KV_ELEMENT_BYTES: Mapping[KvType, float] = {"f16": 2, "q8_0": 34 / 32, "q4_0": 18 / 32}
"""Of a number in the KV cache; the quantized types keep a 16-bit scale for every 32."""


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How weights are put to work; None leaves the choice to the engine."""

    name: str | None = None
    """What the model is called; None is its file's name."""
    n_ctx: int | None = None
    """Tokens the context may grow to. None: what the model was trained on, or what fits memory."""
    threads: int | None = None
    """None: every physical core this process may use."""
    gpu_layers: GpuLayers = "auto"
    """Layers on the GPU, where there is one: as many as fit, all of them, or a number."""
    layers_file: str | None = None
    """Where it is remembered how many fit; None finds it out each time."""
    too_many_layers: int | None = None
    """With so many llama.cpp aborted."""
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
    keep_alive: int = 0
    """Seconds that the worker stays when nobody uses it; 0 ends it with its caller."""
    runtime: str | None = None
    """The folder of the sockets of workers that stay."""


@dataclass(frozen=True, slots=True)
class Device:
    """What a build can compute with beside the processor."""

    name: str
    description: str
    free_bytes: int
    total_bytes: int


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
    """Whether this build can put layers on a GPU of this machine."""
    backends: tuple[str, ...] = ()
    """What the build can compute with: CPU, and CUDA, Metal, Vulkan, …"""
    devices: tuple[Device, ...] = ()
    """Those of them that are on this machine, without the processor."""


@dataclass(frozen=True, slots=True)
class TemplateReport:
    """What a chat template does, tried on an example."""

    rendering: str | None
    """The example as the model would get it."""
    failure: str | None = None
    """Why there is none, in one line."""
    findings: tuple[str, ...] = ()
    """What a person should know of it, a line each."""


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
    estimated_tokens: int = 0
    """How many of the prompt's and the answer's nobody counted: a server did not say."""


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
    layers: int = 0
    """Layers that are put onto a graphics card with it."""


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
    path: Path | None
    """None for a model at a server."""
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
    notices: tuple[str, ...] = ()
    """What could not be had as it was asked for; one line each."""
    fingerprint: str = ""
    """Tells weights apart that have the same name."""
    template_sha256: str | None = None
    """Of the chat template in use; None where there is none."""
    llama_cpp: str = ""
    """The version of llama.cpp's binding that loaded them."""
