"""What servers take beyond OpenAI's own parameters, and by what names.

Each refuses or, worse, ignores what it does not know. So nothing is sent that a server is not known
to take, and what cannot be sent is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

_OPENAI = ("temperature", "top_p", "frequency_penalty", "presence_penalty", "seed")

_LLAMA_CPP = (
    *("top_k", "min_p", "repeat_penalty", "repeat_last_n", "typical_p", "top_n_sigma"),
    *("dynatemp_range", "dynatemp_exponent", "xtc_probability", "xtc_threshold"),
    *("dry_multiplier", "dry_base", "dry_allowed_length", "dry_penalty_last_n"),
    *("dry_sequence_breakers", "mirostat", "mirostat_tau", "mirostat_eta"),
    *("adaptive_target", "adaptive_decay"),
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one kind of server can do."""

    title: str
    """What people call it; empty where it is not known."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """Fields of `Sampling` beyond OpenAI's, with the server's names."""
    top_k_off: int = 0
    """Its ``top_k`` that keeps all tokens."""
    several: bool = True
    """Whether it writes several answers at once."""
    schema: Literal["json_schema", "json_object"] = "json_schema"
    """The type of ``response_format`` that takes a JSON Schema."""
    grammar: str | None = None
    """Its parameter for a GBNF grammar."""
    prefill: Mapping[str, Any] | None = None
    """What makes it go on with the assistant's last message; None where nothing does."""
    think: bool = False
    """Whether it passes on the chat template's switch."""
    context_at: str | None = None
    """A path of its own that tells the context's size."""

    @property
    def sampling(self) -> Mapping[str, str]:
        """Every field of `Sampling` that it takes, with its names."""
        return {**{name: name for name in _OPENAI}, **self.extra}


DIALECTS: Mapping[str, Dialect] = {
    "openai": Dialect(""),
    "vllm": Dialect(
        "vLLM",
        extra={"top_k": "top_k", "min_p": "min_p", "repeat_penalty": "repetition_penalty"},
        top_k_off=-1,
        prefill={"continue_final_message": True, "add_generation_prompt": False},
        think=True,
    ),
    "llama-server": Dialect(
        "llama-server",
        extra={name: name for name in _LLAMA_CPP},
        several=False,
        grammar="grammar",
        # Unless told so it refuses to go on where the template could have the model think first.
        prefill={"chat_template_kwargs": {"enable_thinking": False}},
        think=True,
        context_at="/props",
    ),
    "llama-cpp-python": Dialect(
        "llama-cpp-python",
        extra={
            **{name: name for name in ("top_k", "min_p", "repeat_penalty")},
            **{"mirostat": "mirostat_mode", "mirostat_tau": "mirostat_tau"},
            "mirostat_eta": "mirostat_eta",
        },
        several=False,
        schema="json_object",
        grammar="grammar",
    ),
    "ollama": Dialect("Ollama", several=False),
    "lm-studio": Dialect(
        "LM Studio",
        extra={"top_k": "top_k", "repeat_penalty": "repeat_penalty"},
        several=False,
    ),
}

SERVERS = tuple(DIALECTS)
"""What `Endpoint.server` may be."""

_OWNERS: Mapping[str, str] = {
    "vllm": "vllm",
    "llamacpp": "llama-server",
    "me": "llama-cpp-python",
    "library": "ollama",
    "organization_owner": "lm-studio",
}
"""What servers write as the owner of their models."""


def dialect_of(server: str | None, owner: object) -> Dialect:
    """The dialect of a server.

    Args:
        server: Which it is, where a person has said so.
        owner: ``owned_by`` of its model.
    """
    return DIALECTS[server or _OWNERS.get(str(owner), "openai")]
