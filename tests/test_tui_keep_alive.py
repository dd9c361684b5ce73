"""``keep_alive``, ``chat models ps`` and ``stop``, as a person uses them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from leftovers import Cleanup
from scripted_chat import Chat
from tiny_gguf import tiny_gguf

from engine.client import WorkerEngine
from engine.errors import UnknownModel
from engine.load_options import LoadOptions
from engine.resident import residents
from engine.types import Message
from sessions import memory_session
from tui.conversation import Conversation
from tui.options import AskOptions
from tui.paths import find_paths
from tui.repl.fronts import PipeFront
from tui.repl.loop import Repl
from tui.runtime import Runtime, spawn_worker

CHAT = str(Path(sys.executable).parent / "chat")


@pytest.fixture
def environment(home: Path) -> Iterator[Mapping[str, str]]:
    yield {**os.environ, "CHAT_HOME": str(home)}
    for each in residents(home / "run"):
        os.kill(each.record.pid, signal.SIGKILL)


def run(environment: Mapping[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [CHAT, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    return done.stdout or done.stderr


def test_a_model_stays_is_listed_and_stopped(environment: Mapping[str, str], home: Path) -> None:
    ask = ("-o", "n_ctx", "1024", "--max-tokens", "3", "-o", "keep_alive", "60s")
    run(environment, *ask, "Say hello.")
    (first,) = json.loads(run(environment, "models", "ps", "--json"))
    run(environment, *ask, "--no-save", "Say hello.")
    (unused,) = json.loads(run(environment, "models", "ps", "--json"))
    assert unused["pid"] == first["pid"]
    assert unused["until"] == pytest.approx(first["until"], abs=0.1, rel=0)
    assert first["model"] == "SmolLM2-135M-Instruct.Q4_1"
    assert first["memory_bytes"] > 10**8
    assert first["keep_alive"] == 60
    answer = json.loads(run(environment, *ask, "--json", "Say hello."))
    assert answer["usage"]["prompt_tokens_details"]["cached_tokens"] > 10
    (second,) = json.loads(run(environment, "models", "ps", "--json"))
    assert second["pid"] == first["pid"]
    assert "no longer in memory" in run(environment, "models", "stop", "smol")
    assert json.loads(run(environment, "models", "ps", "--json")) == []


def test_a_model_that_is_removed_stays_in_memory_no_longer(
    cleanup: Cleanup, chat: Chat, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.gguf"
    outside.write_bytes(tiny_gguf())
    link = chat.home / "data" / "models" / "outside.gguf"
    options = LoadOptions(n_ctx=512, keep_alive=60, runtime=str(chat.home / "run"), name="outside")
    assert chat("models", "add", str(outside)) == 0
    engine = cleanup(WorkerEngine(link, options))
    try:
        engine.describe()
        assert chat("models", "remove", "outside") == 0
        assert "outside is in use: stop it when that conversation has ended" in chat.err
        engine.close()
        assert chat("models", "add", str(outside)) == 0
        assert chat("models", "remove", "outside") == 0
        assert "outside is no longer in memory" in chat.err
        assert residents(chat.home / "run") == []
    finally:
        engine.close()
        for each in residents(chat.home / "run"):
            os.kill(each.record.pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("typed", "seconds"), [("90s", 90), ("10m", 600), ("2h", 7200), ("off", 0), ("0s", 0)]
)
def test_times_are_typed_as_people_write_them(chat: Chat, typed: str, seconds: int) -> None:
    assert chat("-o", "keep_alive", typed, "Hi") == 0
    options = chat.loaded[1]
    assert options.keep_alive == seconds
    assert options.runtime == (str(chat.home / "run") if seconds else None)


def test_the_configuration_sets_it_and_no_save_wins(chat: Chat) -> None:
    file = chat.home / "config" / "config.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text('keep_alive = "10m"\n')
    assert chat("Hi") == 0
    assert chat.loaded[1].keep_alive == 600
    assert chat("--no-save", "Hi") == 0
    assert chat.loaded[1].keep_alive == 0
    file.write_text("keep_alive = 10\n")
    assert chat("Hi") == 1
    assert "keep_alive must be text" in chat.err


@pytest.mark.parametrize("wrong", ["10", "ten", "10d", "-5m", ""])
def test_other_times_are_refused(chat: Chat, wrong: str) -> None:
    assert chat("-o", "keep_alive", wrong, "Hi") == 2
    assert "keep_alive must be a time such as 90s, 10m or 2h, or off" in chat.err


def test_stopping_what_is_not_there_says_so(chat: Chat) -> None:
    assert chat("models", "ps") == 0
    assert "no model is kept in memory" in chat.err
    assert chat("models", "stop") == 0
    assert chat("models", "stop", "zebra") == 2
    assert "chat models ps" in chat.err


def test_sockets_are_in_the_sessions_own_folder() -> None:
    assert find_paths({"CHAT_HOME": "/home/me/chat"}).runtime == Path("/home/me/chat/run")
    session = {"XDG_RUNTIME_DIR": "/run/user/7"}
    assert find_paths(session).runtime == Path("/run/user/7/draftsmith")
    alone = find_paths({"TMPDIR": "/var/tmp/me", "XDG_RUNTIME_DIR": "relative"}).runtime
    assert alone == Path(f"/var/tmp/me/draftsmith-{os.geteuid()}")


def test_a_model_that_is_loaded_otherwise_takes_the_place_of_its_resident(
    chat: Chat, environment: Mapping[str, str]
) -> None:
    (chat.home / "data" / "models" / "tiny.gguf").write_bytes(tiny_gguf())
    file = chat.home / "config" / "config.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text('keep_alive = "60s"\nn_ctx = 512\n')
    runtime = Runtime(environment, spawn_worker)
    conversation = Conversation(runtime.start_engine("tiny"), memory_session())
    front = PipeFront(runtime.stdin, runtime.stdout)
    repl = Repl(runtime, AskOptions(), conversation, front)
    try:
        assert conversation.engine.describe().n_ctx == 512
        (first,) = residents(chat.home / "run")
        with pytest.raises(UnknownModel):
            repl.use_model("nothing")
        assert conversation.engine.count([Message("user", "Hi")])
        assert [each.record.pid for each in residents(chat.home / "run")] == [first.record.pid]
        file.write_text('keep_alive = "60s"\nn_ctx = 256\n')
        runtime.read_config_again()
        assert repl.use_model("tiny")
        assert conversation.engine.describe().n_ctx == 256
        assert isinstance(conversation.engine, WorkerEngine)
        (resident,) = residents(chat.home / "run")
        assert resident.record.pid == conversation.engine.worker_pid
    finally:
        conversation.engine.close()
