"""How the next token is chosen: every sampler's parameter, what it may be, and the check of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, cast

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
            raise ValueError(f"samplers must be named only once each, and {name} is named twice")
    return found


SAMPLING_NAMES: tuple[str, ...] = tuple(field.name for field in fields(Sampling))

_SAMPLING_DEFAULTS = tuple((field.name, field.default) for field in fields(Sampling))
