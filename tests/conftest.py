"""What the tests share: the starter model, loaded once, and a home that is not the developer's."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from leftovers import Cleanup, forget
from loopback import Loopback
from model_server import ModelServer
from pseudo_terminal import Terminal
from scripted_chat import Chat

from engine.client import WorkerEngine
from engine.load_options import LoadOptions
from engine.models import find_models
from engine.process import ENVIRONMENT

ELSEWHERE = (
    *("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "LLAMA_CACHE", "OLLAMA_MODELS"),
    *("XDG_CACHE_HOME", "XDG_DATA_HOME"),
)
"""What moves the folders of programs that keep models."""

for name, value in ENVIRONMENT.items():
    # Before llama.cpp is loaded by a test itself, and not in a worker.
    os.environ.setdefault(name, value)


def pytest_configure(config: pytest.Config) -> None:
    """Have hypotheses tried with the same examples each time: new ones are for `make soak`. How
    long one takes is the machine's affair."""
    settings.register_profile(
        "suite",
        derandomize=config.option.markexpr == "not soak",
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("suite")


# Where the tests are run in the background Ctrl+C is ignored, and in the programs that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

FAILURE = pytest.StashKey[BaseException]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note why a test failed."""
    report = yield
    if report.failed and call.excinfo is not None:
        item.stash[FAILURE] = call.excinfo.value
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Have nothing of a failed test surface in those after it."""
    if failure := item.stash.get(FAILURE, None):
        forget(failure)
        del item.stash[FAILURE]
    yield


def pytest_make_parametrize_id(val: object) -> str | None:
    """Texts of megabytes are no names of tests: they are sent from process to process."""
    return f"{val[:40]!a}…" if isinstance(val, str | bytes) and len(val) > 200 else None


@pytest.fixture
def cleanup() -> Iterator[Cleanup]:
    """Ends what a test starts, however that goes: ``engine = cleanup(WorkerEngine(path))``."""
    with ExitStack() as stack:
        yield Cleanup(stack)


@pytest.fixture(scope="session")
def starter_path() -> Path:
    """The GGUF file of the starter's wheel."""
    starters = [model.path for model in find_models(Path("/nowhere")) if model.source == "starter"]
    assert starters, "the tests need the extra 'starter'"
    return starters[0]


@pytest.fixture(scope="session")
def starter_engine(starter_path: Path) -> Iterator[WorkerEngine]:
    """A worker with the starter model in it, shared by all tests that leave it alive."""
    engine = WorkerEngine(starter_path, LoadOptions(n_ctx=8192))
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def model_server(
    starter_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ModelServer]:
    """A real OpenAI-compatible server with the starter model."""
    server = ModelServer(starter_path, tmp_path_factory.mktemp("server"))
    yield server
    server.close()


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    """A server that says what the test wrote."""
    server = Loopback()
    yield server
    server.close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty ``CHAT_HOME``."""
    folder = tmp_path / "home"
    monkeypatch.setenv("CHAT_HOME", str(folder))
    # Other programs' models are found by these.
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    for name in ("CHAT_MODEL", *ELSEWHERE):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def whole_drafts(home: Path) -> None:
    """Drafts are proofread in one request, so that a test has to script only one answer."""
    prompts = home / "config" / "prompts"
    prompts.mkdir(parents=True, exist_ok=True)
    (prompts / "proofread.toml").write_text('extends = "proofread"\nunit = "section"\n')


@pytest.fixture
def chat(
    capsysbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
    home: Path,
    tmp_path: Path,
) -> Iterator[Chat]:
    """The command line with a scripted engine, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    yield Chat(capsysbinary, monkeypatch, home)
    for thread in threading.enumerate():
        if thread.name.startswith("checksums of"):
            thread.join()


@pytest.fixture
def terminal(home: Path) -> Iterator[Terminal]:
    """Starts programs on pseudo-terminals, and ends them."""
    started = Terminal(home)
    yield started
    for process in started.processes:
        process.close(force=True)
