"""Options and requests at the edge of what is allowed, with a model that takes no time."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from leftovers import Cleanup
from tiny_gguf import tiny_gguf

from engine.client import WorkerEngine
from engine.errors import CannotFit, EngineError, LoadFailed, Unsupported
from engine.load_options import LoadOptions
from engine.sampling_params import Sampling
from engine.types import Finished, Message, Request

GREEDY = Sampling(temperature=0)
WORDS = "Hello, keeper of the lamp. " * 8


@pytest.fixture(scope="module")
def tiny_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tiny") / "tiny.gguf"
    path.write_bytes(tiny_gguf())
    return path


@pytest.fixture
def core_files_allowed() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if hard == 0:
        pytest.skip("core files are forbidden for good")
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


def finish_of(engine: WorkerEngine, request: Request) -> Finished:
    *_, finished = engine.stream(request)
    assert isinstance(finished, Finished)
    return finished


@pytest.mark.parametrize("batch", [1, 2, 33, 64])
def test_a_small_batch_is_enough_for_a_long_text(
    cleanup: Cleanup, tiny_path: Path, batch: int
) -> None:
    request = Request((Message("user", WORDS),), GREEDY, 4, reproducible=True)
    engine = cleanup(WorkerEngine(tiny_path, LoadOptions(batch=batch)))
    finished = finish_of(engine, request)
    scores = engine.score(request.messages, WORDS)
    engine.close()
    assert (finished.reason, finished.usage.completion_tokens) == ("length", 4)
    assert len(scores) > 64


@pytest.mark.parametrize("n_ctx", [1, 2, 33])
def test_a_context_for_a_few_tokens_is_full_and_nothing_worse(
    cleanup: Cleanup, tiny_path: Path, n_ctx: int
) -> None:
    engine = cleanup(WorkerEngine(tiny_path, LoadOptions(n_ctx=n_ctx)))
    with pytest.raises(CannotFit) as caught:
        list(engine.stream(Request((Message("user", WORDS),), GREEDY, 4)))
    engine.close()
    assert caught.value.available == n_ctx - 1


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (LoadOptions(kv_type="q4_0", flash_attention="off"), "flash_attn"),
        (LoadOptions(kv_type="q8_0"), "does not divide"),
    ],
    ids=["without flash attention", "for short heads"],
)
def test_a_cache_that_llama_cpp_refuses_is_not_said_to_lack_memory(
    cleanup: Cleanup, tiny_path: Path, options: LoadOptions, reason: str
) -> None:
    engine = cleanup(WorkerEngine(tiny_path, options))
    with pytest.raises(LoadFailed, match=reason) as caught:
        engine.describe()
    assert "memory" not in str(caught.value)


@pytest.mark.parametrize("messages", [(), (Message("user", ""),)], ids=["no messages", "no words"])
def test_an_empty_prompt_is_refused(
    cleanup: Cleanup, tiny_path: Path, messages: tuple[Message, ...]
) -> None:
    options = LoadOptions(chat_template="{{ messages[0].content }}")
    engine = cleanup(WorkerEngine(tiny_path, options))
    with pytest.raises(Unsupported, match="empty"):
        list(engine.stream(Request(messages, GREEDY, 4)))


@pytest.mark.usefixtures("core_files_allowed")
def test_a_worker_that_aborts_leaves_no_core_file(cleanup: Cleanup, tiny_path: Path) -> None:
    engine = cleanup(WorkerEngine(tiny_path))
    engine.describe()
    limits = Path(f"/proc/{engine.worker_pid}/limits").read_text()
    engine.close()
    (line,) = (line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert line.split()[-3:] == ["0", "0", "bytes"]


def test_a_long_text_of_an_error_is_cut() -> None:
    text = str(EngineError("key " + "x" * 10_000))
    assert len(text) == 500
    assert text.endswith("x…")
