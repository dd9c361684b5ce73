"""Every key of the configuration in one table: what it may be, what it means, who may set it.

What ``chat config edit`` writes, what ``chat config show`` prints and what is warned about all come
from here, so that they cannot disagree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, get_args

from engine.load_options import FlashAttention, KvType, LoadOptions
from engine.remote.dialects import SERVERS
from engine.sampling_params import Sampling

KeyPath: TypeAlias = "tuple[str, ...]"
"""Where a value is: the names of the tables around it, and its own."""

MayBe: TypeAlias = "range | tuple[str | range, ...] | re.Pattern[str]"
"""A range of whole numbers, or words, among which ranges may be, or a time."""

DURATION = re.compile(r"(?P<number>[0-9]{1,6})(?P<unit>[smh])|off")

LOAD_NAMES: Mapping[str, MayBe] = {
    "n_ctx": range(1, 2**31),
    "threads": range(1, 513),
    "batch": range(1, 65_537),
    "gpu_layers": ("auto", "all", range(10_001)),
    "kv_type": get_args(KvType),
    "flash_attention": get_args(FlashAttention),
    "keep_alive": DURATION,
}
"""How weights are put to work: keys of the file and ``-o`` options, with what each may be.
llama.cpp takes no more threads, and 32 bits for the rest."""

_KINDS: Mapping[type, str] = {
    str: "text",
    int: "a whole number",
    bool: "true or false",
    dict: "a table",
}

_TRUTHS: Mapping[str, bool] = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the file."""

    name: str
    """With the tables around it; ``*`` stands for a name of the person's own."""
    kind: type
    """`object` where something else looks at the value."""
    meaning: str
    default: object = None
    """None is what the program finds out by itself."""
    example: object = None
    """What the file that comes with the program shows, where there is no default."""
    may_be: MayBe | None = None
    variable: str | None = None
    """The environment variable that wins over the files."""
    in_project: bool = False
    """Whether a project's file may set it. Such a file comes with what is downloaded, so it may
    change how answers read, but not what is run, what is kept, or who gets to see a text."""
    in_profile: bool = True
    """Whether it may stand in a profile."""

    @property
    def path(self) -> KeyPath:
        """Its name in parts."""
        return tuple(self.name.split("."))

    def check(self, value: object, name: str) -> None:
        """Check a value.

        Args:
            value: As TOML has it.
            name: What the key is called where it stands.

        Raises:
            ValueError: If the value cannot be used; it says what could.
        """
        if self.name.startswith("sampling."):
            _check_sampling(self.name.removeprefix("sampling."), value)
        elif not isinstance(value, self.kind) or (isinstance(value, bool) and self.kind is int):
            raise ValueError(f"{name} must be {_KINDS[self.kind]}")
        elif self.may_be is not None:
            _check_choice(name, value, self.may_be)

    def parsed(self, text: str) -> object:
        """The value that an environment variable's text stands for.

        Raises:
            ValueError: If it is none.
        """
        value: object = text
        if self.kind is int and text.lstrip("-").isdecimal():
            value = int(text)
        elif self.kind is bool:
            value = _TRUTHS.get(text.lower(), text)
        self.check(value, self.variable or self.name)
        return value


def check_load_value(name: str, value: object) -> None:
    """Check one of `LOAD_NAMES`.

    Raises:
        ValueError: If the value cannot be used; it says what could.
    """
    _check_choice(name, value, LOAD_NAMES[name])


def _check_choice(name: str, value: object, may_be: MayBe) -> None:
    if isinstance(may_be, re.Pattern):
        if not isinstance(value, str) or not may_be.fullmatch(value):
            raise ValueError(f"{name} must be a time such as 90s, 10m or 2h, or off")
    elif isinstance(may_be, range):
        if not _is_number_of(may_be, value):
            raise ValueError(f"{name} must be {_kind_of(may_be)}")
    elif not any(
        _is_number_of(each, value) if isinstance(each, range) else value == each for each in may_be
    ):
        words = ", ".join(each for each in may_be if isinstance(each, str))
        numbers = "".join(f" or {_kind_of(each)}" for each in may_be if isinstance(each, range))
        raise ValueError(f"{name} must be one of {words}{numbers}, not {value!r}")


def seconds_of(duration: str | None) -> int:
    """What a time that was checked comes to; 0 for none."""
    found = DURATION.fullmatch(duration or "off")
    if found is None or found["number"] is None:
        return 0
    return int(found["number"]) * {"s": 1, "m": 60, "h": 3600}[found["unit"]]


def _is_number_of(numbers: range, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in numbers


def _kind_of(numbers: range) -> str:
    return f"a whole number from {numbers[0]:,} to {numbers[-1]:,}"


def _check_sampling(name: str, value: object) -> None:
    try:
        Sampling.checked(name, value)
    except ValueError as error:
        raise ValueError(f"sampling: {error}") from error


_SAMPLING_MEANINGS: Mapping[str, str] = {
    "temperature": "how bold the choice of words is; 0 always picks the likeliest",
    "top_k": "keep only the k likeliest tokens; 0 keeps all",
    "top_p": "keep the likeliest tokens up to this total probability; 1 keeps all",
    "min_p": "drop tokens below this share of the likeliest one; 0 keeps all",
    "seed": "the same seed gives the same answer again",
    "repeat_penalty": "makes earlier tokens less likely; 1 is off",
    "frequency_penalty": "makes a token less likely each time it is used; 0 is off",
    "presence_penalty": "makes a token less likely once it is used; 0 is off",
    "repeat_last_n": "how many tokens back the three penalties look; -1 is all",
    "dry_multiplier": "penalises repetitions of several tokens; 0 is off",
    "dry_base": "how fast that penalty grows with the repetition",
    "dry_allowed_length": "repetitions up to this length cost nothing",
    "dry_penalty_last_n": "how many tokens back repetitions count; -1 is all",
    "dry_sequence_breakers": "texts that end a repetition",
    "xtc_probability": "how often the most obvious tokens are left out; 0 is off",
    "xtc_threshold": "tokens at least this likely count as obvious",
    "typical_p": "keep only tokens about as surprising as expected; 1 is off",
    "top_n_sigma": "keep only tokens near the highest score; 0 or less is off",
    "dynatemp_range": "lets the temperature vary by this much; 0 is off",
    "dynatemp_exponent": "how uncertainty is turned into a temperature",
    "adaptive_target": "aims at tokens of this probability; below 0 is off",
    "adaptive_decay": "how long that average remembers",
    "mirostat": "2 keeps the text as surprising as mirostat_tau; 0 is off",
    "mirostat_tau": "the surprise to aim for, in bits",
    "mirostat_eta": "how fast Mirostat corrects itself",
    "logit_bias": "TEXT=NUMBER: more likely, or less; -100 is never",
    "samplers": "which samplers are applied, in which order",
    "beams": "beam search with this many beams instead of sampling; 1 is off",
    "beam_groups": "groups of beams that must differ from each other",
    "beam_diversity": "the penalty for a token that another group uses",
    "length_penalty": "how strongly longer beams are favoured",
    "keep": "how much likelier a change to a draft must be; 0 is off",
}


def _loading(name: str, meaning: str, example: object) -> Key:
    may_be = LOAD_NAMES[name]
    has_numbers = isinstance(may_be, tuple) and any(isinstance(x, range) for x in may_be)
    kind = object if has_numbers else int if isinstance(may_be, range) else str
    default = getattr(LoadOptions(), name)
    return Key(name, kind, meaning, default=default, example=example, may_be=may_be)


def _sampling() -> Iterator[Key]:
    defaults = Sampling().to_dict()
    for name, meaning in _SAMPLING_MEANINGS.items():
        yield Key(
            f"sampling.{name}",
            object,
            meaning,
            default=defaults[name],
            example=1,
            in_project=True,
        )


def _of_endpoint(name: str, meaning: str, example: int | bool | str, **more: Any) -> Key:
    kind = type(example)
    name = f"endpoints.*.{name}"
    return Key(name, kind, meaning, example=example, in_profile=False, **more)


_ENDPOINT = (
    _of_endpoint("url", "an OpenAI-compatible server, with /v1", "https://gpu01:8000/v1"),
    _of_endpoint("model", "what the server calls the model", "Qwen/Qwen3-32B"),
    _of_endpoint("key_env", "the environment variable that holds the key", "BIG_KEY"),
    _of_endpoint("in_keyring", "whether the key is in the system's keyring", True),
    _of_endpoint("server", "the kind of server, if it is not detected", "vllm", may_be=SERVERS),
    _of_endpoint("n_ctx", "tokens its context holds", 32_768, may_be=range(1, 2**31)),
    _of_endpoint("timeout_s", "seconds it may be silent", 300, may_be=range(1, 86_401)),
)
"""Models at servers. `-m` takes the name in place of the star."""

KEYS: tuple[Key, ...] = (
    Key(
        "model",
        str,
        "the model that answers, by name, the start of it, or path",
        example="SmolLM2-135M-Instruct.Q4_1",
        variable="CHAT_MODEL",
    ),
    Key(
        "system",
        str,
        "the system text of conversations without a prompt",
        example="Write plain English.",
        in_project=True,
    ),
    Key(
        "max_tokens",
        int,
        "the longest answer, in tokens",
        example=1024,
        may_be=range(1, 2**31),
        in_project=True,
    ),
    Key(
        "offline",
        bool,
        "whether to forbid sending anything to a server, and downloads",
        default=False,
        variable="CHAT_OFFLINE",
    ),
    _loading("n_ctx", "the largest context, in tokens", 8192),
    _loading("threads", "threads to compute with; by default one per physical core", 4),
    _loading("batch", "the most tokens to read in one step", 512),
    _loading("gpu_layers", "layers on the graphics card: auto (what fits), all, or a number", 20),
    _loading("kv_type", "the format of the context: f16, or the smaller q8_0 and q4_0", "f16"),
    _loading("flash_attention", "auto, on or off", "auto"),
    Key(
        "keep_alive",
        str,
        "how long an unused model stays in memory: 90s, 10m, 2h, or off",
        default="off",
        example="10m",
        may_be=DURATION,
    ),
    Key(
        "editing",
        str,
        "the key bindings of the REPL: emacs or vi",
        default="emacs",
        may_be=("emacs", "vi"),
    ),
    Key(
        "titles",
        str,
        "which models name sessions on their own: here (on this machine), always, never",
        default="here",
        may_be=("here", "always", "never"),
    ),
    Key("theme", str, "the name of the app's colour theme", example="nord"),
    Key("keys.*", str, "your own keys for the app, by the ids that F1 shows", example="f7"),
    *_sampling(),
    Key(
        "snapshots.enabled",
        bool,
        "whether to keep what a model has read for the next time",
        default=True,
    ),
    Key(
        "snapshots.budget_mib",
        int,
        "how much disk space that may take, in MiB; the oldest goes first",
        default=2048,
        may_be=range(1, 2**30),
    ),
    *_ENDPOINT,
)
"""Those of a table stand together, and those outside of any table come first."""

PROFILES = "profiles"
ENDPOINTS = "endpoints"
"""The table of tables that each hold keys of this table under a name of the person's own."""


def find_key(path: KeyPath) -> Key | None:
    """The key that a place in the file is of; None where nothing is known there."""
    if path[0] == PROFILES:
        key = _find(path[2:])
        return key if key is not None and key.in_profile else None
    return _find(path)


def is_table(path: KeyPath) -> bool:
    """Whether keys stand below this place."""
    if path[0] == PROFILES:
        return len(path) <= 2 or _has_keys(path[2:])
    return _has_keys(path)


def names_below(path: KeyPath) -> list[str]:
    """The names that may stand in a table; the outermost one for no names at all."""
    if path[:1] == (PROFILES,):
        return _names(path[2:]) if len(path) > 1 else []
    return _names(path) if path else [*_names(path), PROFILES]


def _find(path: KeyPath) -> Key | None:
    return next((key for key in KEYS if _fits(key.path, path) and len(key.path) == len(path)), None)


def _has_keys(path: KeyPath) -> bool:
    return any(_fits(key.path, path) and len(key.path) > len(path) for key in KEYS)


def _names(path: KeyPath) -> list[str]:
    depth = len(path)
    fitting = (key.path for key in KEYS if _fits(key.path, path) and len(key.path) > depth)
    return list(dict.fromkeys(names[depth] for names in fitting if names[depth] != "*"))


def _fits(pattern: KeyPath, path: KeyPath) -> bool:
    """Whether they agree as far as both go."""
    return all(part in ("*", name) for part, name in zip(pattern, path, strict=False))
