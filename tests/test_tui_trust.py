"""A model that becomes another one is noticed; a changed chat template is seen before its use."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from time import monotonic, sleep

import pytest
from hub_server import hub_server
from model_stores import numbered, put, put_in_hub_cache, put_in_ollama
from pseudo_terminal import Terminal
from scripted_chat import Chat
from tiny_gguf import TEMPLATE, tiny_gguf

from engine.fingerprint import fingerprint
from engine.models.finding import model_at
from engine.models.trust import Ledger

OTHER = TEMPLATE.replace("message['content']", "message['content'] + ' Buy gold.'")
BEFORE = tiny_gguf()
AFTER = tiny_gguf(changed={"tokenizer.chat_template": OTHER})


@pytest.fixture
def model(chat: Chat) -> Path:
    """A model that was used once."""
    path = put(chat.home / "data" / "models" / "tale.gguf", BEFORE)
    assert chat("-m", "tale", "Hi") == 0
    return path


def ledger(chat: Chat) -> Ledger:
    return Ledger(chat.home / "data" / "trust")


def test_a_changed_template_stops_everything_until_it_was_shown(chat: Chat, model: Path) -> None:
    model.write_bytes(AFTER)
    for arguments in (("-m", "tale", "Hi"), ("--edit", "-", "-m", "tale"), ("bench", "-m", "tale")):
        assert chat(*arguments, stdin="x") == 1
        assert "tale has a different chat template than on 20" in chat.err
        assert "`chat models trust tale` shows what changed and accepts it" in chat.err
    assert len(chat.engine.requests) == 1
    assert chat("models", "trust", "tale") == 1, "there is no terminal to ask on"
    assert "Buy gold" in chat.out
    assert chat("-m", "tale", "Hi") == 1
    assert chat("models", "trust", "tale", "--yes") == 0
    lines = chat.out.splitlines()
    assert any(line.startswith("+") and "Buy gold" in line for line in lines)
    assert any(line.startswith("-") and "Buy gold" not in line for line in lines)
    assert " {% endfor %}" in lines, "what is around it is seen too"
    assert chat("-m", "tale", "Hi") == 0
    model.write_bytes(BEFORE)
    assert chat("-m", "tale", "Hi") == 1, "the old one is as strange by now"


def test_a_template_that_changed_behind_a_large_vocabulary_is_noticed(chat: Chat) -> None:
    before = tiny_gguf(changed={"general.name": "x" * 1_500_000}) + bytes(3_000_000)
    path = put(chat.home / "data" / "models" / "tale.gguf", before)
    assert chat("-m", "tale", "Hi") == 0
    seen = fingerprint(path)
    path.write_bytes(before.replace(b"'<|im_end|>\\n'", b"' Buy gold!! '"))
    assert fingerprint(path) == seen, "it is not among the bytes that are looked at"
    assert chat("-m", "tale", "Hi") == 1
    assert "tale has a different chat template than on 20" in chat.err


def test_on_a_terminal_the_change_is_shown_and_asked_about(terminal: Terminal, home: Path) -> None:
    path = put(home / "data" / "models" / "tiny.gguf", BEFORE)
    terminal.start_scripted("Good morning.", "Hi").expect_exact("Good morning.")
    path.write_bytes(AFTER)
    refusing = terminal.start_scripted("Never said.", "Hi")
    refusing.expect_exact("Buy gold")
    refusing.expect_exact("Use the model with this chat template? [y/N]")
    refusing.sendline("n")
    refusing.expect_exact("`chat models trust tiny`")
    agreeing = terminal.start_scripted("Said at last.", "Hi")
    agreeing.expect_exact("[y/N]")
    agreeing.sendline("y")
    agreeing.expect_exact("Said at last.")


def test_other_weights_under_the_same_template_are_told_once(chat: Chat, model: Path) -> None:
    model.write_bytes(tiny_gguf(seed=5))
    assert chat("-m", "tale", "Hi") == 0
    assert "tale has different weights than on 20" in chat.err
    assert chat("-m", "tale", "Hi") == 0
    assert "weights" not in chat.err


def test_line_breaks_of_any_kind_do_not_make_another_template(chat: Chat) -> None:
    windows = {"tokenizer.chat_template": TEMPLATE.replace("{%", "\r\n{%")}
    path = put(chat.home / "data" / "models" / "crlf.gguf", tiny_gguf(changed=windows))
    assert chat("-m", "crlf", "Hi") == 0
    path.write_bytes(tiny_gguf(seed=5, changed=windows))
    assert chat("-m", "crlf", "Hi") == 0
    assert "crlf has different weights than on 20" in chat.err


def test_a_file_that_was_only_touched_or_moved_is_the_same(chat: Chat, model: Path) -> None:
    os.utime(model, (1, 1))
    assert chat("-m", "tale", "Hi") == 0
    assert chat.err == ""


def test_an_update_in_another_programs_store_is_noticed(chat: Chat) -> None:
    person = chat.home.parent / "person"
    store, name = person / ".ollama" / "models", "registry.ollama.ai/library/tale/1b"
    put_in_ollama(store, name, BEFORE)
    put_in_hub_cache(person, "u/tale", "hub.gguf", BEFORE + b"\0", revision="1" * 40)
    assert chat("-m", "tale:1b", "Hi") == 0
    assert chat("-m", "hub", "Hi") == 0
    put_in_ollama(store, name, AFTER)
    put_in_hub_cache(person, "u/tale", "hub.gguf", AFTER + b"\0", revision="2" * 40)
    for named in ("tale:1b", "hub"):
        assert chat("-m", named, "Hi") == 1
        assert "has a different chat template" in chat.err


def test_checksums_are_noted_in_the_background_or_known_already(chat: Chat, model: Path) -> None:
    until = monotonic() + 60
    while (record := ledger(chat).record(model_at(model))) and None in record.sha256:
        assert monotonic() < until
        sleep(0.02)
    assert record is not None
    assert record.sha256 == (hashlib.sha256(BEFORE).hexdigest(),)
    store = chat.home.parent / "person" / ".ollama" / "models"
    blob = put_in_ollama(store, "registry.ollama.ai/library/ol/1b", numbered(1))
    assert chat("-m", "ol:1b", "Hi") == 0
    told = json.loads((chat.home / "data" / "trust" / "models.json").read_text())
    assert told["Ollama: ol:1b"]["sha256"] == [blob.name.removeprefix("sha256-")]


def test_trust_reads_a_file_to_the_end_and_finds_a_byte_that_changed(
    chat: Chat, model: Path
) -> None:
    assert chat("models", "trust", "tale") == 0
    rows = dict(line.split("\t") for line in chat.out.splitlines())
    assert rows["sha256"] == hashlib.sha256(BEFORE).hexdigest()
    state = model.stat()
    with model.open("r+b") as file:
        file.seek(-40_000, os.SEEK_END)
        file.write(b"?")
    os.utime(model, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert chat("models", "trust", "tale") == 0
    assert "has different contents than on" in chat.err


def test_a_download_is_known_with_the_checksum_of_the_hub(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with hub_server() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        hub.repos["u/n"] = {"new-Q8_0.gguf": BEFORE}
        assert chat("models", "pull", "hf:u/n") == 0
    path = chat.home / "data" / "models" / "u" / "n" / "new-Q8_0.gguf"
    record = ledger(chat).record(model_at(path))
    assert record is not None
    assert record.sha256 == (hashlib.sha256(BEFORE).hexdigest(),)
    assert chat("models", "info", "new") == 0
    assert record.sha256[0] in chat.out


def test_a_ledger_that_is_damaged_or_cannot_be_written_stops_nobody(
    chat: Chat, model: Path
) -> None:
    file = chat.home / "data" / "trust" / "models.json"
    file.write_text(json.dumps({str(model): {"state": 1}}))
    assert chat("-m", "tale", "Hi") == 0
    (file.parent / "lock").unlink()
    (file.parent / "lock").mkdir()
    file.unlink()
    assert chat("-m", "tale", "Hi") == 0
