"""Models of this program and of others are found where they lie, and named."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from model_stores import numbered, put, put_in_hub_cache, put_in_ollama
from tiny_gguf import tiny_gguf

from engine.errors import NoModel, NotHere, NotUsable, UnknownModel
from engine.models import find_models, resolve_model, take_inventory
from engine.models.finding import model_at, names_that_mean

TINY = tiny_gguf()


@pytest.fixture
def person(home: Path) -> Path:
    """A home folder without any models."""
    folder = Path(os.environ["HOME"])
    folder.mkdir()
    return folder


@pytest.fixture
def own(home: Path) -> Path:
    """The models folder."""
    return home / "data" / "models"


def listed(own: Path) -> Mapping[str, str]:
    """Where each usable model was found."""
    models = take_inventory(own, own.parent / "kept.json").models
    found = {each.found.name: each.found.source for each in models}
    assert len(found) == len(models)
    return {name: source for name, source in found.items() if source != "starter"}


def unusable(own: Path) -> Mapping[str, str]:
    found = take_inventory(own, own.parent / "kept.json").unusable
    return {each.path.name: each.why for each in found}


def test_models_of_every_program_are_listed(own: Path, person: Path, tmp_path: Path) -> None:
    put(own / "mine.gguf", numbered(1))
    put(own / "some" / "Repo-GGUF" / "pulled-q4_k_m.gguf", numbered(2))
    (own / "linked.gguf").symlink_to(put(tmp_path / "elsewhere" / "other.gguf", numbered(3)))
    (own / "folder").symlink_to(put(tmp_path / "all" / "inside.gguf", numbered(4)).parent)
    put_in_hub_cache(person, "some/Name-GGUF", "hub-Q8_0.gguf", numbered(5))
    put(person / ".cache" / "llama.cpp" / "some_Name_cpp-Q4_0.gguf", numbered(6))
    put(person / ".lmstudio" / "models" / "pub" / "Name-GGUF" / "studio.gguf", numbered(7))
    ollama = person / ".ollama" / "models"
    put_in_ollama(ollama, "registry.ollama.ai/library/llama3.2/3b", numbered(8))
    put_in_ollama(ollama, "registry.ollama.ai/somebody/tuned/latest", numbered(9))
    put_in_ollama(ollama, "hf.co/user/Name-GGUF/Q4_K_M", numbered(10))
    put(person / ".local/share/nomic.ai/GPT4All/four.gguf", numbered(11))
    assert listed(own) == {
        "mine": "models folder",
        "pulled-q4_k_m": "models folder",
        "linked": "added",
        "inside": "added",
        "hub-Q8_0": "Hugging Face cache",
        "some_Name_cpp-Q4_0": "llama.cpp cache",
        "studio": "LM Studio",
        "llama3.2:3b": "Ollama",
        "somebody/tuned:latest": "Ollama",
        "hf.co/user/Name-GGUF:Q4_K_M": "Ollama",
        "four": "GPT4All",
    }
    repos = {model.name: model.repo for model in find_models(own) if model.repo}
    assert repos == {
        "pulled-q4_k_m": "some/Repo-GGUF",
        "hub-Q8_0": "some/Name-GGUF",
        "studio": "pub/Name-GGUF",
        "hf.co/user/Name-GGUF:Q4_K_M": "user/Name-GGUF",
    }
    assert unusable(own) == {}


def test_the_folders_of_others_can_be_moved(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_hub_cache(tmp_path / "a", "u/n", "hub.gguf", numbered(1))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "a" / ".cache" / "huggingface"))
    put_in_ollama(tmp_path / "b", "registry.ollama.ai/library/llama/1b", numbered(2))
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "b"))
    put(tmp_path / "c" / "cpp.gguf", numbered(3))
    monkeypatch.setenv("LLAMA_CACHE", str(tmp_path / "c"))
    put(tmp_path / "d" / "nomic.ai" / "GPT4All" / "four.gguf", numbered(4))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "d"))
    assert set(listed(own)) == {"hub", "llama:1b", "cpp", "four"}


def test_half_downloads_are_not_listed(own: Path, person: Path) -> None:
    half = TINY[:5000]
    put(own / ".downloads" / "model.gguf", half)
    put(own / "model.gguf.incomplete", half)
    put(person / ".cache" / "llama.cpp" / "model.gguf.downloadInProgress", half)
    put(person / ".lmstudio" / "models" / "a" / "b" / "downloading_model.gguf.part", half)
    put(person / ".local/share/nomic.ai/GPT4All" / "incomplete-model.gguf", half)
    blobs = person / ".cache" / "huggingface" / "hub" / "models--a--b" / "blobs"
    put(blobs / f"{'0' * 64}.incomplete", half)
    put(person / ".ollama" / "models" / "blobs" / f"sha256-{'0' * 64}-partial", half)
    assert listed(own) == {}
    assert unusable(own) == {}


def test_what_cannot_be_used_is_told_with_why(own: Path, person: Path) -> None:
    put(own / "sound.gguf", TINY)
    put(own / "half.gguf", TINY[:-1])
    put(own / "empty.gguf", b"")
    put(own / "words.gguf", tiny_gguf(changed={"general.architecture": "bert"}))
    (own / "gone.gguf").symlink_to("/nowhere/gone.gguf")
    (own / "loop.gguf").symlink_to("loop.gguf")
    for part in (1, 3):
        put(own / f"split-0000{part}-of-00003.gguf", TINY)
    ollama = person / ".ollama" / "models"
    put_in_ollama(ollama, "registry.ollama.ai/library/gone/1b", None)
    put(ollama / "manifests" / "registry.ollama.ai" / "library" / "odd" / "latest", b"[" * 9999)
    assert list(listed(own)) == ["sound"]
    assert unusable(own) == {
        "half.gguf": "lacks its last 1 bytes: half a download?",
        "empty.gguf": "is not a GGUF file",
        "words.gguf": "makes embeddings and writes no text (bert)",
        "gone.gguf": "leads to /nowhere/gone.gguf, which is not there: `chat models remove gone` "
        "forgets it",
        "loop.gguf": "leads to loop.gguf, which is not there: `chat models remove loop` forgets it",
        "split-00001-of-00003.gguf": "lacks part 2 of 3",
        "1b": "lacks its weights: `ollama pull gone:1b` downloads it again",
        "latest": "is not an Ollama manifest (it cannot be read): `ollama pull odd:latest` "
        "downloads it again",
    }
    for name, why in (
        ("gone:1b", "gone/1b lacks its weights: `ollama pull gone:1b`"),
        ("split", "lacks part 2 of 3"),
        ("LOOP.gguf", "leads to loop.gguf"),
    ):
        with pytest.raises(NotUsable, match=why):
            resolve_model(name, own)


def test_of_models_with_one_name_the_first_has_it_and_the_others_their_paths(
    own: Path, person: Path
) -> None:
    first = put(own / "a" / "tale.gguf", numbered(1))
    second = put(own / "b" / "Tale.GGUF", numbered(2))
    third = put(person / ".lmstudio" / "models" / "tale.gguf", numbered(3))
    names = names_that_mean(find_models(own)[:2] + find_models(own)[-1:])
    assert names == ["tale", str(second), str(third)]
    assert [resolve_model(name, own).path for name in names] == [first, second, third]


def test_of_models_with_one_name_a_name_means_the_first_that_is_not_damaged(
    own: Path, person: Path
) -> None:
    broken = put(own / "a" / "tale.gguf", TINY[:-1])
    sound = put(own / "b" / "tale.gguf", numbered(2))
    put(person / ".lmstudio" / "models" / "tale.gguf", numbered(3))
    for name in ("tale", "TAL", "tale.gguf"):
        assert resolve_model(name, own).path == sound
    assert unusable(own).keys() == {broken.name}
    put(own / "qwen2.5-1.5b.gguf", b"")
    listed = put(own / "c" / "qwen2.5-1.5b.gguf", numbered(4))
    assert resolve_model("qwen2.5-1.5b", own).path == listed


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look into every folder")
def test_a_folder_that_may_not_be_looked_into_is_told(own: Path, person: Path) -> None:
    shut = person / ".lmstudio" / "models"
    put(shut / "a.gguf", TINY)
    shut.chmod(0)
    assert unusable(own) == {"models": "cannot be read: Permission denied"}
    shut.chmod(0o700)


def test_split_files_are_one_model(own: Path) -> None:
    paths = [put(own / f"big-Q8_0-0000{part}-of-00002.gguf", TINY) for part in (1, 2)]
    paths[1].write_bytes(numbered(2))
    (model,) = take_inventory(own, own.parent / "kept.json").models[:1]
    assert model.found.name == "big-Q8_0"
    assert model.found.parts == tuple(paths)
    assert model.found.size_bytes == sum(path.stat().st_size for path in paths)
    one = take_inventory(own, own.parent / "kept.json").models[0]
    assert model.summary.parameters == one.summary.parameters
    assert resolve_model("big", own).path == paths[0]
    assert model_at(paths[0]).parts == tuple(paths)


def test_a_file_in_several_places_and_revisions_is_listed_once(own: Path, person: Path) -> None:
    put_in_hub_cache(person, "u/n", "old.gguf", numbered(1), revision="1" * 40)
    put_in_hub_cache(person, "u/n", "model.gguf", numbered(2), revision="1" * 40)
    new = put_in_hub_cache(person, "u/n", "model.gguf", numbered(3), revision="2" * 40)
    own.mkdir(parents=True)
    (own / "again.gguf").symlink_to(new)
    (own / "round").symlink_to(own)
    assert listed(own) == {"again": "added", "old": "Hugging Face cache"}
    (own / "again.gguf").unlink()
    assert resolve_model("model", own).path == new


def test_a_name_its_beginning_a_path_and_a_repository_are_names(
    own: Path, person: Path, tmp_path: Path
) -> None:
    mine = put(own / "Qwen2.5-Q4_K_M.gguf", numbered(1))
    four = put(own / "some" / "Repo" / "tale-Q4_K_M.gguf", numbered(2))
    eight = put(own / "some" / "Repo" / "tale-Q8_0.gguf", numbered(3))
    outside = put(tmp_path / "outside.gguf", TINY)
    for name, path in (
        ("qwen2.5-q4_k_m", mine),
        ("Qwen2.5-Q4_K_M.gguf", mine),
        ("qw", mine),
        (str(outside), outside),
        ("hf:some/Repo:Q8_0", eight),
        ("hf:SOME/repo:q4_k_m", four),
    ):
        assert resolve_model(name, own).path == path
    with pytest.raises(UnknownModel) as ambiguous:
        resolve_model("hf:some/Repo", own)
    assert ambiguous.value.nearest == ("hf:some/Repo:Q4_K_M", "hf:some/Repo:Q8_0")
    with pytest.raises(UnknownModel, match="fits several"):
        resolve_model("tale", own)
    for name in ("hf:some/Repo:Q6_K", "hf:some/Other"):
        with pytest.raises(NotHere, match="not on this machine"):
            resolve_model(name, own)
    with pytest.raises(UnknownModel, match="neither"):
        resolve_model(str(outside), own, by_name=True)


def test_the_default_is_an_own_model_or_another_one_that_chats(
    own: Path, person: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.models.stores._STARTER_PACKAGE", "not_installed")
    with pytest.raises(NoModel):
        resolve_model(None, own)
    store = person / ".lmstudio" / "models"
    put(store / "a.gguf", tiny_gguf(changed={"general.architecture": "bert"}))
    chats = put(store / "b.gguf", TINY)
    assert resolve_model(None, own).path == chats
    mine = put(own / "z.gguf", TINY)
    assert resolve_model(None, own).path == mine
    broken = put(own / "a.gguf", TINY[:-1])
    put(own / "mmproj.gguf", tiny_gguf(changed={"general.architecture": "clip"}))
    assert resolve_model(None, own).path == mine, "of several the first that chats"
    mine.unlink()
    assert resolve_model(None, own).path == broken, "which is then told with why"
