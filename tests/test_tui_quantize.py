"""``chat models quantize`` with llama.cpp itself, on a tiny model."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest
from leftovers import Cleanup
from model_stores import put
from scripted_chat import Chat
from tiny_gguf import Value, tiny_gguf

from engine.client import WorkerEngine
from engine.models.summary import summarise
from engine.sampling_params import Sampling
from engine.tasks import quantize
from engine.types import Finished, Message, Request
from tui.killed_quantize import held_beside


@pytest.fixture
def source(chat: Chat) -> Path:
    """A model of 16-bit floats, by its own account."""
    changed = {"general.file_type": 1}
    return put(chat.home / "data" / "models" / "tale-F16.gguf", tiny_gguf(changed=changed))


def test_a_model_becomes_a_smaller_one_that_answers(
    cleanup: Cleanup, chat: Chat, source: Path, tmp_path: Path
) -> None:
    target = tmp_path / "small.gguf"
    assert chat("models", "quantize", "tale", str(target), "q8_0") == 0
    assert chat.out == f"{target}\n"
    assert chat.err == "chat: 146 kB became 98 kB, 67% of it\n"
    assert summarise([target]).quantization == "Q8_0"
    engine = cleanup(WorkerEngine(target))
    *_, finished = engine.stream(Request((Message("user", "Hello"),), Sampling(seed=1), 3))
    engine.close()
    assert isinstance(finished, Finished)
    assert finished.reason == "length"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["small.gguf"]


def test_what_a_killed_quantize_left_is_deleted_and_what_is_written_stays(
    chat: Chat, source: Path, tmp_path: Path
) -> None:
    for folder, command in (
        (tmp_path, ("quantize", "tale", str(tmp_path / "small.gguf"), "Q8_0")),
        (source.parent, ("list",)),
    ):
        left = put(folder / ".tale.gguf.123.quantizing", bytes(2000))
        with held_beside(folder / "other.gguf") as held:
            assert chat("models", *command) == 0
            assert f"deleted 2 kB that a killed quantize left in {folder}" in chat.err
            assert not left.exists()
            assert held.exists()
        assert not held.exists()


def test_a_folder_is_given_a_file_that_says_what_it_is(chat: Chat, source: Path) -> None:
    folder = source.parent
    assert chat("models", "quantize", "tale", str(folder), "Q4_0") == 0
    assert chat.out == f"{folder / 'tale-F16-Q4_0.gguf'}\n"
    assert chat("models", "list") == 0
    assert "tale-F16-Q4_0" in chat.out


def test_progress_is_told_from_tensor_to_tensor(source: Path, tmp_path: Path) -> None:
    steps = list(quantize(source, tmp_path / "small.gguf", 7, requantize=True))
    assert steps == sorted(steps)
    assert len(steps) == 20
    assert (steps[0], round(steps[-1], 2)) == (0, 0.95)


def test_what_is_not_begun_is_told_with_what_to_do(
    chat: Chat, source: Path, tmp_path: Path
) -> None:
    put(source.parent / "eight.gguf", tiny_gguf(changed={"general.file_type": 7}))
    taken = put(tmp_path / "taken.gguf", b"mine")
    target = str(tmp_path / "new.gguf")
    for arguments, code, said in (
        (("tale", target, "Q6_KK"), 2, "did you mean Q6_K?"),
        (("eight", target, "Q4_0"), 2, "is already quantized (Q8_0)"),
        (("tale", str(taken), "Q4_0"), 2, "already exists"),
        (("tale", str(tmp_path / "no" / "x.gguf"), "Q4_0"), 2, "is not a folder"),
        (("nothing", target, "Q4_0"), 2, "neither a file nor a known model"),
    ):
        assert chat("models", "quantize", *arguments) == code
        assert said in chat.err
    assert taken.read_bytes() == b"mine"
    assert chat("models", "quantize", "eight", target, "Q4_0", "--requantize") == 0


def test_what_llama_cpp_refuses_is_told_with_its_reason_and_leaves_nothing(
    chat: Chat, source: Path, tmp_path: Path
) -> None:
    changed: dict[str, Value] = {"general.file_type": 1, "general.architecture": "frob"}
    put(source.parent / "broken.gguf", tiny_gguf(changed=changed))
    target = tmp_path / "new.gguf"
    assert chat("models", "quantize", "broken", str(target), "Q8_0") == 1
    assert "broken cannot be quantized: unknown model architecture: 'frob'" in chat.err
    assert chat.err.count("\n") == 1
    assert [path for path in tmp_path.iterdir() if path.is_file()] == []


def test_a_full_disk_is_told_and_leaves_nothing(chat: Chat, source: Path, tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        code = chat("models", "quantize", "tale", str(tmp_path / "new.gguf"), "Q8_0")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert code == 1
    assert "is the disk full?" in chat.err
    assert [path for path in tmp_path.iterdir() if path.is_file()] == []
