"""``chat models``: a person's way to the models there are."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pexpect
import pytest
from model_stores import numbered, put, put_in_ollama
from pseudo_terminal import Terminal
from scripted_chat import Chat
from tiny_gguf import TEMPLATE, tiny_gguf

from engine.models.catalogue import catalogue

SOUND = tiny_gguf()


@pytest.fixture
def own(chat: Chat) -> Path:
    """The models folder, with one sound model in it."""
    folder = chat.home / "data" / "models"
    put(folder / "tiny.gguf", SOUND)
    return folder


def names(chat: Chat) -> list[str]:
    assert chat("models", "list") == 0
    return [line.split("\t")[0] for line in chat.out.splitlines()]


def test_a_list_has_what_one_chooses_by(chat: Chat, own: Path) -> None:
    put(own / "until-half.gguf", SOUND[:-1])
    assert chat("models", "list") == 0
    row = chat.out.splitlines()[0].split("\t")
    assert row[:4] == ["tiny", "llama", "83k", "Q8_0"]
    assert row[5:] == ["512", "", "yes", "models folder", "*"]
    assert f"not usable: {own / 'until-half.gguf'} lacks its last 1 bytes" in chat.err
    assert chat("models", "list", "--json") == 0
    told = json.loads(chat.out)
    assert told["models"][0]["path"] == str(own / "tiny.gguf")
    assert (told["models"][0]["fits"], told["models"][0]["default"]) == (True, True)
    assert [each["why"][:5] for each in told["unusable"]] == ["lacks"]


def printed(terminal: Terminal, command: str) -> list[str]:
    """The lines of a command of models on a terminal, without their colours."""
    process = terminal.start("models", command)
    process.expect(pexpect.EOF)
    return re.sub(r"\x1b\[\d*m", "", process.before or "").splitlines()


def test_a_table_fits_a_terminal_of_80_columns(terminal: Terminal) -> None:
    models = terminal.home / "data" / "models"
    put(models / "mistralai_Mistral-Small-3.2-24B-Instruct-2506-Q4_K_M.gguf", SOUND)
    put(models / "an.gguf", SOUND)
    lines = printed(terminal, "list")
    assert max(map(len, lines)) <= 80
    name = lines.index("mistralai_Mistral-Small-3.2-24B-Instruct-2506-Q4_K_M")
    assert lines[name + 1].split() == [
        "llama",
        "83k",
        "Q8_0",
        "146",
        "kB",
        "512",
        "yes",
        "models",
        "folder",
    ]
    assert lines[name - 2].startswith("an *"), "the default one"
    assert lines[name - 1].index("Q8_0") == lines[name + 1].index("Q8_0"), "columns are aligned"
    lines = printed(terminal, "pull")
    assert lines.index("qwen2.5-32b") == 2 * len(catalogue()), "two lines for each"


def test_on_a_wider_terminal_only_the_longest_names_have_a_line_of_their_own(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "110")
    models = terminal.home / "data" / "models"
    put(models / "mistralai_Mistral-Small-3.2-24B-Instruct-2506-Q4_K_M.gguf", SOUND)
    put(models / "an.gguf", SOUND)
    lines = printed(terminal, "list")
    headings = lines[0]
    short = next(line for line in lines if line.startswith("an *"))
    long = lines[lines.index("mistralai_Mistral-Small-3.2-24B-Instruct-2506-Q4_K_M") + 1]
    for heading, cell in (("ARCH", "llama"), ("SIZE", "146 kB"), ("FOUND IN", "models folder")):
        assert headings.index(heading) == short.index(cell) == long.index(cell)


def test_what_is_there_for_something_else_is_told_in_a_line(chat: Chat, own: Path) -> None:
    for architecture in ("clip", "bert", "gemma4-assistant", "eagle3"):
        data = tiny_gguf(changed={"general.architecture": architecture})
        put(own / f"{architecture}.gguf", data)
    assert names(chat)[0] == "tiny"
    said = "left out, because they do not write text: bert.gguf, clip.gguf, eagle3.gguf and 1 more"
    assert said in chat.err
    assert chat.err.count("\n") == 1


def test_a_file_or_a_folder_is_added_without_a_copy_and_forgotten(
    chat: Chat, own: Path, tmp_path: Path
) -> None:
    outside = put(tmp_path / "big" / "outside.gguf", numbered(1))
    assert chat("models", "add", str(outside)) == 0
    assert names(chat)[:2] == ["outside", "tiny"]
    assert (own / "outside.gguf").readlink() == outside
    assert chat("models", "add", str(outside)) == 0, "once more changes nothing"
    assert chat("models", "remove", "outside") == 0
    assert "files stay" in chat.err
    assert outside.exists()
    assert chat("models", "add", str(outside.parent)) == 0
    assert names(chat)[:2] == ["outside", "tiny"]
    assert chat("models", "remove", "outside") == 0
    assert "nothing of big is listed any longer; the files stay" in chat.err
    assert names(chat)[0] == "tiny"
    put(outside.parent / "second.gguf", numbered(2))
    assert chat("models", "add", str(outside.parent)) == 0
    assert "big, with 2 models in it" in chat.err
    assert chat("models", "remove", "outside") == 2
    assert "there is no terminal to ask on: --yes forgets it" in chat.err
    assert names(chat)[:2] == ["outside", "second"]
    assert chat("models", "remove", "outside", "--yes") == 0
    assert names(chat)[0] == "tiny"


def test_a_model_that_was_added_and_is_gone_is_told_and_forgotten(
    chat: Chat, own: Path, tmp_path: Path
) -> None:
    outside = put(tmp_path / "moved away.gguf", numbered(1))
    assert chat("models", "add", str(outside)) == 0
    outside.unlink()
    assert chat("-m", "moved away", "Hi") == 1
    assert "which is not there: `chat models remove 'moved away'` forgets it" in chat.err
    assert chat("models", "remove", "moved away") == 0
    assert "its file was already gone" in chat.err
    assert list(own.iterdir()) == [own / "tiny.gguf"]
    (own / "a folder.gguf").mkdir()
    os.mkfifo(own / "pipe.gguf")
    assert chat("models", "remove", "pipe") == 1
    assert "pipe.gguf is not a file" in chat.err
    assert names(chat)[0] == "tiny"


def test_a_default_that_is_gone_is_told_with_how_to_choose_another(chat: Chat, own: Path) -> None:
    put(own / "other.gguf", numbered(1))
    assert chat("models", "use", "other") == 0
    assert chat("Hi") == 0
    (own / "other.gguf").unlink()
    assert chat("Hi") == 2
    assert "'other', the model in the settings, is neither a file" in chat.err
    assert "`chat models use NAME` chooses another" in chat.err
    assert chat("models", "use", "tiny") == 0
    (own / "other.gguf").symlink_to("/nowhere/other.gguf")
    assert chat("-c", "Hi") == 0, "a session whose model cannot be used goes on with the default"
    assert "other, which answered before, was not found by that name" in chat.err


def test_a_session_goes_on_with_its_model_that_was_named_by_its_path(
    chat: Chat, own: Path, tmp_path: Path
) -> None:
    outside = put(tmp_path / "Downloads" / "tale.gguf", numbered(1))
    assert chat("-m", str(outside), "Hi") == 0
    assert chat("-c", "Hi") == 0
    assert chat.loaded[0] == outside
    assert "not found" not in chat.err
    put(tmp_path / "Elsewhere" / "tale.gguf", numbered(2))
    assert chat("-m", str(tmp_path / "Elsewhere" / "tale.gguf"), "Hi") == 0
    assert chat("-c", "Hi") == 0, "which of the two it was, the name does not tell"
    assert "tale, which answered before, was not found by that name" in chat.err


def test_a_text_without_end_takes_no_more_than_its_column(chat: Chat, own: Path) -> None:
    endless = {"general.license": "free " * 9999, "general.name": "tale " * 9999}
    put(own / "tiny.gguf", tiny_gguf(changed=endless))
    assert chat("models", "list") == 0
    assert len(chat.out.splitlines()[0]) < 100
    assert chat("models", "info", "tiny") == 0
    assert max(map(len, chat.out.splitlines())) < 300


def test_long_values_of_the_metadata_are_cut(chat: Chat, own: Path) -> None:
    put(own / "tiny.gguf", tiny_gguf(changed={"llama.pattern": list(range(200))}))
    assert chat("models", "info", "tiny") == 0
    (row,) = [line for line in chat.out.splitlines() if line.startswith("llama.pattern\t")]
    assert row.startswith("llama.pattern\t(0, 1, 2,")
    assert row.endswith("… (--json has all of it)")
    assert len(row) < 250


def test_all_parts_of_a_split_model_are_added(chat: Chat, own: Path, tmp_path: Path) -> None:
    for part in (1, 2):
        put(tmp_path / "s" / f"big-0000{part}-of-00002.gguf", numbered(part))
    assert chat("models", "add", str(tmp_path / "s" / "big-00001-of-00002.gguf")) == 0
    assert names(chat)[:2] == ["big", "tiny"]
    assert chat("-m", "big", "Hi") == 0
    assert chat.loaded[0].name == "big-00001-of-00002.gguf"
    assert chat.loaded[1].name == "big"


def test_what_cannot_be_added_is_refused(chat: Chat, own: Path, tmp_path: Path) -> None:
    assert chat("models", "add", str(put(tmp_path / "a.gguf", SOUND[:99]))) == 1
    assert "half a download" in chat.err
    assert chat("models", "add", str(tmp_path / "nothing")) == 2
    assert chat("models", "add", str(put(tmp_path / "tiny.gguf", SOUND))) == 2
    assert "already exists" in chat.err


def test_the_default_is_written_and_nothing_else_in_the_file_changes(
    chat: Chat, own: Path, tmp_path: Path
) -> None:
    put(own / "another.gguf", numbered(1))
    config = put(
        tmp_path / "dotfiles" / "config.toml", b"# mine\nn_ctx = 512  # short\n\n[sampling]\n"
    )
    link = chat.home / "config" / "config.toml"
    link.parent.mkdir()
    link.symlink_to(config)
    assert chat("models", "use", "tin") == 0
    assert chat("Hi") == 0
    assert chat.loaded[0].stem == "tiny"
    assert link.is_symlink()
    assert config.read_text() == ('# mine\nn_ctx = 512  # short\nmodel = "tiny"\n\n[sampling]\n')
    assert chat("models", "use", str(put(tmp_path / "out.gguf", SOUND))) == 0
    assert f'model = "{tmp_path / "out.gguf"}"' in config.read_text()
    assert chat("models", "use", "nothing") == 2


def test_chat_model_is_said_to_win(chat: Chat, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_MODEL", "tiny")
    assert chat("models", "use", "tiny") == 0
    assert "CHAT_MODEL is set to tiny, which wins" in chat.err


def test_a_broken_configuration_is_not_written_over(chat: Chat, own: Path) -> None:
    config = put(chat.home / "config" / "config.toml", b"model = \n")
    assert chat("models", "use", "tiny") == 1
    assert "Invalid value (at line 1" in chat.err
    assert config.read_bytes() == b"model = \n"


def test_own_files_are_deleted_after_a_yes_and_others_never(chat: Chat, own: Path) -> None:
    put(own / "user" / "repo" / "pulled.gguf", numbered(1))
    assert chat("models", "remove", "pulled") == 2
    assert "--yes deletes it" in chat.err
    assert chat("models", "remove", "pulled", "--yes") == 0
    assert not (own / "user").exists()
    assert chat("models", "remove", "smollm2") == 2
    assert "belongs to starter" in chat.err
    store = Path(own.parent.parent.parent / "person" / ".ollama" / "models")
    blob = put_in_ollama(store, "registry.ollama.ai/library/llama/1b", numbered(2))
    assert chat("models", "remove", "llama:1b", "--yes") == 2
    assert "`ollama rm llama:1b`" in chat.err
    assert blob.exists()


def test_the_default_that_is_removed_is_the_default_no_longer(
    chat: Chat, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = put(chat.home / "config" / "config.toml", b"# mine\nn_ctx = 512\n")
    assert chat("models", "use", "tiny") == 0
    assert chat("models", "remove", "tiny", "--yes") == 0
    assert f"it was the default, and {config} names none now" in chat.err
    assert config.read_text() == "# mine\nn_ctx = 512\n"
    put(own / "tiny.gguf", SOUND)
    put(own / "other.gguf", numbered(1))
    assert chat("models", "use", "other") == 0
    assert chat("models", "remove", "tiny", "--yes") == 0
    assert "default" not in chat.err
    monkeypatch.setenv("CHAT_MODEL", "OTHER")
    assert chat("models", "remove", "other", "--yes") == 0
    assert "it was the default, and CHAT_MODEL still names it" in chat.err


def test_a_default_that_is_gone_is_forgotten_with_its_link(
    chat: Chat, own: Path, tmp_path: Path
) -> None:
    outside = put(tmp_path / "tale.gguf", numbered(1))
    assert chat("models", "add", str(outside)) == 0
    assert chat("models", "use", "tale") == 0
    outside.unlink()
    assert chat("models", "remove", "tale") == 0
    assert "it was the default" in chat.err
    assert chat("Hi") == 0
    assert chat.loaded[0] == own / "tiny.gguf"


def test_a_model_that_was_added_twice_says_so_when_it_is_taken_off_once(
    chat: Chat, own: Path, tmp_path: Path
) -> None:
    outside = put(tmp_path / "big" / "outside.gguf", numbered(1))
    for added in (outside, outside.parent):
        assert chat("models", "add", str(added)) == 0
    assert chat("models", "use", "outside") == 0
    assert chat("models", "remove", "outside", "--yes") == 0
    assert "but outside is still listed: it was added" in chat.err
    assert "the same command once more forgets that" in chat.err
    assert "default" not in chat.err
    assert names(chat)[:2] == ["outside", "tiny"]
    assert chat("models", "remove", "outside", "--yes") == 0
    assert "still listed" not in chat.err
    assert "it was the default" in chat.err
    assert names(chat)[0] == "tiny"


def test_a_model_of_ollama_is_used_and_gone_on_with_by_its_name(chat: Chat, own: Path) -> None:
    store = Path(own.parent.parent.parent / "person" / ".ollama" / "models")
    blob = put_in_ollama(store, "registry.ollama.ai/library/llama3.2/1b", numbered(1))
    assert chat("-m", "llama3.2", "Hi") == 0
    assert chat.loaded[0] == blob
    assert chat.loaded[1].name == "llama3.2:1b"
    put_in_ollama(store, "registry.ollama.ai/library/llama3.2/3b", numbered(2))
    assert chat("-c", "And then?") == 0
    assert chat.loaded[0] == blob


def test_a_model_that_is_not_here_is_told_how_to_get(chat: Chat, own: Path) -> None:
    assert chat("-m", "hf:user/repo:Q4_K_M", "Hi") == 2
    assert "`chat models pull hf:user/repo:Q4_K_M` downloads it" in chat.err


def test_info_has_metadata_memory_tokens_and_an_example(chat: Chat, own: Path) -> None:
    assert chat("models", "info", "tiny") == 0
    rows = dict(line.split("\t", 1) for line in chat.out.splitlines() if "\t" in line)
    assert rows["eos token"] == "<|im_end|> (2)"
    assert rows["general.name"] == "Tiny"
    assert rows["trained context"] == "512 tokens"
    assert "fits" in rows["memory at 512 tokens"]
    assert len(rows["chat template"]) == 64
    assert "  <|im_start|>user\n  Good morning.<|im_end|>\n" in chat.out


def test_info_points_at_what_is_wrong(chat: Chat, own: Path) -> None:
    changed = {
        "tokenizer.chat_template": "{% if 'bank' in messages[0].content %}!{% endif %}" + TEMPLATE,
        "tokenizer.ggml.pre": "",
    }
    put(own / "odd.gguf", tiny_gguf(changed=changed))
    assert chat("models", "info", "odd", "--json") == 0
    notes = json.loads(chat.out)["notes"]
    assert any("“bank”" in note for note in notes)
    assert any("old converter" in note for note in notes)
