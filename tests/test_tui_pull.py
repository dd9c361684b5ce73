"""``chat models pull`` against a hub on loopback: the real client, and everything that breaks."""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import pexpect
import pytest
from hub_server import HubServer, hub_server
from huggingface_hub import close_session
from leftovers import Cleanup
from model_stores import numbered
from pseudo_terminal import Terminal
from scripted_chat import Chat
from tiny_gguf import tiny_gguf

from engine.models.catalogue import catalogue
from engine.models.offers import Offers, RepoFile, sorted_offers
from tui.download_progress import DownloadProgress

TALE = tiny_gguf() + bytes(200_000)
REPO = "some/Tale-GGUF"
NAME = f"hf:{REPO}:Q4_K_M"


@pytest.fixture
def hub(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A hub with one repository; nobody is known to it."""
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("engine.models.stores._STARTER_PACKAGE", "not_installed")
    (chat.home / "data" / "models" / "tiny.gguf").unlink()
    with hub_server() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        server.repos[REPO] = {
            "README.md": b"# Tale",
            "Tale-Q4_K_M.gguf": TALE,
            "Tale-Q8_0.gguf": TALE + bytes(3000),
            "mmproj-Tale-F16.gguf": TALE,
            "mtp-Tale.gguf": TALE,
            "MTP/mtp-Tale-Q8_0.gguf": TALE,
            "Tale.imatrix.gguf": TALE,
        }
        yield server


def pulled(chat: Chat) -> Path:
    return chat.home / "data" / "models" / "some" / "Tale-GGUF" / "Tale-Q4_K_M.gguf"


def parts(chat: Chat) -> list[int]:
    """Sizes of what is not whole yet."""
    return [path.stat().st_size for path in pulled(chat).parents[2].glob(".downloads/*.part")]


def names(chat: Chat) -> list[str]:
    assert chat("models", "list") == 0
    return [line.split("\t")[0] for line in chat.out.splitlines()]


def test_a_model_is_downloaded_and_used_by_its_name(chat: Chat, hub: HubServer) -> None:
    assert chat("models", "pull", NAME) == 0
    assert chat.out == f"{pulled(chat)}\n"
    assert "licence apache-2.0" in chat.err
    assert pulled(chat).read_bytes() == TALE
    assert parts(chat) == []
    assert names(chat) == ["Tale-Q4_K_M"]
    assert chat("-m", NAME, "Hi") == 0
    assert chat.loaded[0] == pulled(chat)
    asked = len(hub.ranges)
    assert chat("models", "pull", NAME.lower().replace("hf:some", "hf:Some")) == 0
    assert "already on this machine" in chat.err
    assert len(hub.ranges) == asked


def test_without_a_quantization_all_are_listed_and_the_best_is_marked(
    chat: Chat, hub: HubServer
) -> None:
    assert chat("models", "pull", f"hf:{REPO}") == 0
    rows = [line.split("\t") for line in chat.out.splitlines()]
    assert [(row[0], row[3], row[4]) for row in rows] == [
        ("Q4_K_M", "yes", "*"),
        ("Q8_0", "yes", ""),
    ]
    assert f"`chat models pull {NAME}` downloads one" in chat.err
    assert chat("models", "pull", f"hf:{REPO}", "--json") == 0
    told = json.loads(chat.out)
    assert [offer["best"] for offer in told["offers"]] == [True, False]
    assert names(chat) == []


def test_the_best_loses_little_and_fits() -> None:
    sizes = {"Q2_K": 1, "Q4_K_M": 2, "Q6_K": 3, "Q8_0": 4, "F16": 8}
    files = [RepoFile(f"sub/t-{kind}.gguf", size * 10**9, "0", "0") for kind, size in sizes.items()]
    offers = sorted_offers(files)
    assert [offer.quantization for offer in offers] == list(sizes)
    everything = Offers("a/b", "c", None, offers)
    for memory, best in ((64, "Q6_K"), (3, "Q4_K_M"), (2, "Q2_K"), (1, None)):
        found = everything.best(memory * 10**9)
        assert (found.quantization if found else None) == best


@pytest.mark.parametrize(
    ("address", "is_file"),
    [
        (REPO, False),
        (f"hf.co/{REPO}:q4_k_m", True),
        (f"https://huggingface.co/{REPO}", False),
        (f"https://huggingface.co/{REPO}/tree/main", False),
        (f"https://huggingface.co/{REPO}/blob/main/Tale-Q4_K_M.gguf", True),
        (f"https://huggingface.co/{REPO}/resolve/1f2e/sub/Tale-Q4_K_M.gguf?download=true", True),
        (f"https://huggingface.co/{REPO}/resolve/main/Tale-Q4_K_M-00001-of-00002.gguf", True),
    ],
)
def test_what_is_copied_from_elsewhere_is_understood(
    chat: Chat, hub: HubServer, address: str, is_file: bool
) -> None:
    assert chat("models", "pull", address) == 0
    assert pulled(chat).exists() == is_file
    assert ("Q8_0" in chat.out) != is_file, "the list of what there is"


def test_a_name_of_the_list_means_what_it_downloads(chat: Chat, hub: HubServer) -> None:
    name = "mistral-small-3.2"
    hub.repos[catalogue()[name].repo] = {"mistralai_Mistral-Small-Q4_K_M.gguf": TALE}
    assert chat("-m", name, "Hi") == 2
    assert f"{name} is not on this machine; `chat models pull {name}` downloads it" in chat.err
    assert chat("models", "pull", name) == 0
    assert chat("-m", name, "Hi") == 0
    assert chat.loaded[0].name == "mistralai_Mistral-Small-Q4_K_M.gguf"


def test_files_that_are_quantized_alike_go_by_their_names(chat: Chat, hub: HubServer) -> None:
    files = ("Two-Q4_K_M.gguf", "Two-UD-Q4_K_M.gguf", "Two-Q2_K.gguf")
    hub.repos["some/Two"] = dict.fromkeys(files, TALE)
    assert chat("models", "pull", "hf:some/Two") == 0
    listed = [line.split("\t")[0] for line in chat.out.splitlines()]
    assert sorted(listed) == ["Q2_K", "Two-Q4_K_M", "Two-UD-Q4_K_M"]
    assert chat("models", "pull", "hf:some/Two:Q4_K_M") == 1
    assert "several files have this quantization: hf:some/Two:Two-Q4_K_M, hf:" in chat.err
    assert chat("models", "pull", "hf:some/Two:UD-Q4_K_M") == 0
    assert names(chat) == ["Two-UD-Q4_K_M"]


def test_all_parts_of_a_split_model_come_at_once(chat: Chat, hub: HubServer) -> None:
    hub.repos["some/Big"] = {f"Q8_0/Big-Q8_0-0000{n}-of-00002.gguf": numbered(n) for n in (1, 2)}
    assert chat("models", "pull", "hf:some/Big") == 0, "there is only one to choose"
    assert names(chat) == ["Big-Q8_0"]


def test_a_cut_connection_is_gone_on_with(chat: Chat, hub: HubServer) -> None:
    hub.cuts = [150_000]
    assert chat("models", "pull", NAME) == 0
    assert pulled(chat).read_bytes() == TALE
    assert hub.ranges == [None, f"bytes={2 * 2**16}-"]


def test_ctrl_c_keeps_what_is_there_and_the_same_command_goes_on(
    cleanup: Cleanup, chat: Chat, hub: HubServer
) -> None:
    hub.stall_after = 150_000
    program = (
        "import sys; from tui.cli import main; sys.exit(main(['models', 'pull', sys.argv[1]]))"
    )
    process = cleanup(
        subprocess.Popen(
            [sys.executable, "-c", program, NAME], stderr=subprocess.PIPE, stdout=subprocess.PIPE
        )
    )
    until = monotonic() + 60
    while parts(chat) != [2 * 2**16] and monotonic() < until:
        sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"the same command resumes it" in err
    assert [path.split("/")[1] for path in hub.asked] == ["api", "some", "files"], "nothing else"
    assert hub.asked[0].startswith("/api/models/")
    assert names(chat) == []
    assert "131 kB of unfinished downloads are in" in chat.err
    hub.stall_after = None
    assert chat("models", "pull", NAME) == 0
    assert hub.ranges[1] == f"bytes={2 * 2**16}-"
    assert pulled(chat).read_bytes() == TALE


def test_a_wrong_checksum_is_told_and_nothing_is_kept(chat: Chat, hub: HubServer) -> None:
    hub.wrong = True
    assert chat("models", "pull", NAME) == 1
    assert "wrong checksum" in chat.err
    assert parts(chat) == []
    assert names(chat) == []
    hub.wrong = False
    assert chat("models", "pull", NAME) == 0


def test_a_file_outside_of_large_file_storage_is_checked_too(chat: Chat, hub: HubServer) -> None:
    hub.plain_git = True
    assert chat("models", "pull", NAME) == 0
    pulled(chat).unlink()
    hub.wrong = True
    assert chat("models", "pull", NAME) == 1
    assert "wrong checksum" in chat.err


def test_a_disk_without_room_is_told_before_anything_is_written(chat: Chat, hub: HubServer) -> None:
    hub.said_sizes["Tale-Q4_K_M.gguf"] = 10**17
    assert chat("models", "pull", NAME) == 1
    assert "100000000.1 GB are needed: make room" in chat.err
    assert hub.ranges == []


def test_little_room_is_told_in_megabytes(
    chat: Chat, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = shutil.disk_usage(chat.home)._replace(free=20_400_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: room)
    assert chat("models", "pull", NAME) == 1
    assert re.search(r"has 20 MB free, and \d+ MB are needed: make room", chat.err)
    assert hub.ranges == []


def test_a_disk_that_becomes_full_keeps_what_is_there(chat: Chat, hub: HubServer) -> None:
    hub.repos[REPO]["Tale-Q4_K_M.gguf"] = big = TALE + bytes(2**20)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**19, limits[1]))
    try:
        code = chat("models", "pull", NAME)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert code == 1
    assert "File too large; the partial download is kept" in chat.err
    (there,) = parts(chat)
    assert 0 < there <= 2**19
    assert chat("models", "pull", NAME) == 0
    assert hub.ranges[-1] == f"bytes={there}-"
    assert pulled(chat).read_bytes() == big


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (404, {"X-Error-Code": "RepoNotFound"}, "there is no repository some/Tale-GGUF, or a pri"),
        (401, {"X-Error-Message": "Invalid credentials in Authorization header"}, "in HF_TOKEN"),
        (403, {"X-Error-Code": "GatedRepo"}, "is gated: accept its terms on its page"),
        (403, {}, "may not read some/Tale-GGUF"),
        (429, {}, "too many requests: wait a few minutes"),
        (503, {}, "a problem of its own (503)"),
    ],
)
def test_every_refusal_is_one_line_with_what_to_do(
    chat: Chat, hub: HubServer, status: int, headers: dict[str, str], said: str
) -> None:
    hub.statuses["/api/models/"] = status, headers
    assert chat("models", "pull", NAME) == 1
    assert said in chat.err
    assert chat.err.count("\n") == 1


def test_a_gated_file_of_a_repository_that_may_be_looked_at_is_explained(
    chat: Chat, hub: HubServer
) -> None:
    hub.statuses["/resolve/"] = 403, {"X-Error-Code": "GatedRepo"}
    assert chat("models", "pull", NAME) == 1
    assert (
        "is gated: accept its terms on its page, make a token there, and set HF_TOKEN" in chat.err
    )
    assert names(chat) == []


def test_too_many_requests_for_a_file_are_waited_out(chat: Chat, hub: HubServer) -> None:
    hub.statuses["/resolve/"] = 429, {"Retry-After": "0"}
    assert chat("models", "pull", NAME) == 0
    assert pulled(chat).read_bytes() == TALE


def test_a_repository_that_is_not_there_or_has_nothing_is_told(chat: Chat, hub: HubServer) -> None:
    hub.repos["some/Other"] = {"README.md": b""}
    for name, said in (
        ("hf:no/body", "there is no repository no/body"),
        ("hf:some/Other", "has no GGUF files"),
        (f"hf:{REPO}:Q5_K_M", "has no Q5_K_M; it has Q4_K_M, Q8_0: put one of these after hf:so"),
        ("gemma-4-12b", "GGUF, where gemma-4-12b comes from, no longer exists: choose another"),
    ):
        assert chat("models", "pull", name) == 1
        assert said in chat.err


def test_a_repository_that_has_another_name_now_is_followed(chat: Chat, hub: HubServer) -> None:
    hub.moved["old/Tale"] = REPO
    assert chat("models", "pull", "hf:old/Tale:Q4_K_M") == 0
    assert f"old/Tale is now called {REPO}" in chat.err
    assert pulled(chat).read_bytes() == TALE
    asked = len(hub.ranges)
    assert chat("models", "pull", "hf:old/Tale:Q4_K_M") == 0
    assert "already on this machine" in chat.err
    assert len(hub.ranges) == asked


def test_nobody_answers(chat: Chat, hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert chat("models", "pull", NAME) == 1
    assert "check the network, HF_ENDPOINT and the proxies" in chat.err


def test_a_proxy_is_asked(chat: Chat, hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
    monkeypatch.setenv("HTTP_PROXY", hub.url)
    close_session()
    assert chat("models", "pull", f"hf:{REPO}") == 0, "the loopback hub is the proxy"
    close_session()


def test_offline_means_that_nothing_is_asked(
    chat: Chat, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_OFFLINE", "1")
    assert chat("models", "pull", NAME) == 2
    assert "offline is set, so nothing is downloaded" in chat.err
    monkeypatch.delenv("CHAT_OFFLINE")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert chat("models", "pull", NAME) == 1
    assert "HF_HUB_OFFLINE" in chat.err
    assert hub.tokens["hub"] == []


def test_the_token_goes_to_the_hub_and_to_nobody_else(
    chat: Chat, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert chat("models", "pull", NAME) == 0
    assert hub.tokens == {"hub": ["Bearer hf_secret"] * 2, "files": [None]}


def test_two_downloads_of_one_file_do_not_mix(chat: Chat, hub: HubServer) -> None:
    folder = chat.home / "data" / "models" / ".downloads"
    folder.mkdir()
    with (folder / f"{hashlib.sha256(TALE).hexdigest()}.part").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert chat("models", "pull", NAME) == 1
    assert "by another chat" in chat.err


def test_the_catalogue_names_repositories_from_small_to_large(chat: Chat, hub: HubServer) -> None:
    entries = catalogue()
    sizes = [entry.size_mb for entry in entries.values()]
    assert sizes == sorted(sizes)
    assert len(entries) >= 12
    assert chat("models", "pull") == 0
    assert [line.split("\t")[0] for line in chat.out.splitlines()] == list(entries)
    for name, entry in entries.items():
        billions = re.match(r"([\d.]+)([MB])", entry.parameters)
        assert billions, name
        parameters = float(billions[1]) * {"M": 1e6, "B": 1e9}[billions[2]]
        bits = entry.size_bytes * 8 / parameters
        # The vocabulary is a large share of small models, and is never quantized so far.
        assert 4.2 < bits < (5.2 if parameters > 2e9 else 8.0), name
    entry = entries["qwen2.5-1.5b"]
    hub.repos[entry.repo] = {"qwen2.5-1.5b-instruct-q4_k_m.gguf": TALE, "x-q8_0.gguf": TALE}
    assert chat("models", "pull", "qwen2.5-1.5b") == 0
    assert names(chat) == ["qwen2.5-1.5b-instruct-q4_k_m"]
    assert "apache-2.0" in chat.out, "which its file does not say"
    assert chat("models", "pull", "qwen2.5-1.5") == 2
    assert "the nearest: qwen2.5-1.5b" in chat.err


def test_a_download_tells_speed_and_time_left() -> None:
    times = iter([0.0, 1.0, 2.0, 2.5])
    shown: list[tuple[float, str]] = []
    progress = DownloadProgress(lambda *told: shown.append(told), 400 * 10**6, lambda: next(times))
    progress(0)
    assert progress.line() == " 0% of 400 MB"
    progress(2 * 10**6)
    progress(4 * 10**6)
    assert progress.line() == " 1% of 400 MB, 2 MB/s, 3 min left"
    progress(400 * 10**6)
    assert progress.line() == " 100% of 400 MB, checking it"
    assert shown[-1] == (1.0, progress.line())


def test_a_download_that_nothing_comes_of_says_so_and_no_speed() -> None:
    now = 0.0
    shown: list[str] = []
    progress = DownloadProgress(lambda _, line: shown.append(line), 400 * 10**6, lambda: now)
    for now in (0.0, 1.0, 2.0):
        progress(int(now) * 10**6)
    now = 4.0
    progress.look()
    assert shown[-1] == " 0% of 400 MB, 1 MB/s, 7 min left", "two seconds are nothing"
    now = 14.0
    progress.look()
    assert shown[-1] == " 0% of 400 MB, waiting: nothing received for 12 s"
    for now in (20.0, 21.0):
        progress(int(now - 17.0) * 10**6)
    assert shown[-1] == " 1% of 400 MB, 1 MB/s, 7 min left", "of what came since"


def test_a_server_that_falls_silent_is_told_on_a_terminal(
    hub: HubServer, terminal: Terminal
) -> None:
    hub.stall_after = 150_000
    process = terminal.start("models", "pull", NAME)
    process.expect("waiting: nothing received for")
    process.sendintr()
    process.expect(pexpect.EOF)
