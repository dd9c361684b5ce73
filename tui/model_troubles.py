"""What ``chat doctor`` finds wrong with the model that answers: none, broken, or too large."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from engine.errors import EndpointFailed, EngineError, NoModel
from engine.load_options import KvType
from engine.machine import available_memory
from engine.models import FoundModel, ModelSummary
from engine.models.memory import USUAL_CONTEXT, memory_needed
from engine.models.summary import summarise
from engine.remote.endpoint import Endpoint, find_key
from tui.config import Config, ConfigError
from tui.errors import explain
from tui.runtime import Runtime
from tui.tables import file_size
from tui.troubles import Trouble
from tui.which_model import find_model


def model_troubles(runtime: Runtime) -> Iterator[Trouble]:
    """Of the configured model, or the one that is used without any."""
    try:
        config = runtime.config
    except ConfigError:  # said elsewhere
        config = Config()
    try:
        model = find_model(None, config, runtime.paths.models)
        if not isinstance(model, FoundModel):
            yield from _key_troubles(model, runtime.environment)
            return
        summary = summarise(model.parts)
    except NoModel as error:
        what, fix = explain(error)[0].split(": ", 1)
        yield Trouble(what, fix)
    except EngineError as error:
        yield Trouble(f"the model cannot be used: {error}", "`chat models list` lists them")
    except ConfigError as error:
        yield Trouble(str(error), "`chat config edit` fixes it; docs/remote.md explains the keys")
    else:
        yield from memory_troubles(model.name, summary, config, available_memory())


def _key_troubles(endpoint: Endpoint, environment: Mapping[str, str]) -> Iterator[Trouble]:
    """A model at a server that wants a key which is not there. The server is not asked."""
    try:
        find_key(endpoint, environment)
    except EndpointFailed as error:
        what, _, fix = str(error).partition(": ")
        yield Trouble(what, fix)


def memory_troubles(
    name: str, summary: ModelSummary, config: Config, free: int
) -> Iterator[Trouble]:
    """A model that needs more than there is.

    Args:
        name: Of the model.
        summary: What it is.
        config: How long its context shall be.
        free: Bytes of memory that can be had.
    """
    tokens, needed = _memory(summary, config)
    if needed > free:
        yield Trouble(
            f"{name} needs {file_size(needed)} of memory with a context of {tokens:,} tokens, and "
            f"{file_size(free)} are free",
            "a smaller quantization or model (`chat models list` says what fits), a smaller n_ctx, "
            "or kv_type q8_0",
        )


def model_memory(runtime: Runtime) -> Iterator[tuple[str, str]]:
    """What the model that answers takes, as a line for ``chat doctor``; none where there is a
    trouble with it, or it is at a server."""
    with suppress(ConfigError, EngineError):
        model = find_model(None, runtime.config, runtime.paths.models)
        if isinstance(model, FoundModel):
            tokens, needed = _memory(summarise(model.parts), runtime.config)
            fits = "fits" if needed <= available_memory() else "does not fit"
            words = f"{file_size(needed)} with a context of {tokens:,} tokens, {fits}"
            yield "memory", f"{model.name} needs about {words}"


def _memory(summary: ModelSummary, config: Config) -> tuple[int, int]:
    """Tokens of the context that is wanted, and bytes of memory with it."""
    n_ctx, kv_type = config.load.get("n_ctx"), config.load.get("kv_type", "f16")
    assert n_ctx is None or isinstance(n_ctx, int)
    tokens = n_ctx or min(USUAL_CONTEXT, summary.n_ctx_train or USUAL_CONTEXT)
    return tokens, memory_needed(summary, tokens, _KV_TYPES[str(kv_type)])


_KV_TYPES: dict[str, KvType] = {"f16": "f16", "q8_0": "q8_0", "q4_0": "q4_0"}
