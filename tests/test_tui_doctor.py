"""What the doctor finds wrong, with the fix, and that it says so by its exit code."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from pseudo_terminal import CHAT, Terminal
from scripted_chat import Chat

from engine.models.summary import summarise
from tui.config import Config
from tui.model_troubles import memory_troubles
from tui.troubles import (
    changed_files,
    file_system_of,
    foreign_packages,
    locale_troubles,
    network_troubles,
    terminal_troubles,
    writable_troubles,
)

MOUNTS = """\
22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
30 22 0:40 / /home rw shared:1 - nfs4 server:/home rw,vers=4.2
31 30 0:41 / /home/me/my\\040disk rw - xfs /dev/sdb1 rw
"""


def distribution(folder: Path, name: str, version: str, **files: str) -> Path:
    """What a distribution leaves in a folder of packages."""
    place = folder / f"{name}-{version}.dist-info"
    place.mkdir(parents=True)
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    for file, text in {"METADATA": metadata, **files}.items():
        (place / file).write_text(text)
    return place


def examined(home: Path, **environment: str) -> tuple[int, list[dict[str, object]]]:
    """Exit code and troubles of a real process."""
    done = subprocess.run(
        [CHAT, "doctor", "--json"],
        capture_output=True,
        text=True,
        env={**os.environ, "CHAT_HOME": str(home), **environment},
        check=False,
    )
    assert done.stderr == ""
    troubles: list[dict[str, object]] = json.loads(done.stdout)["troubles"]
    return done.returncode, troubles


def test_old_jinja_somebody_elses_package_and_a_poor_locale_are_found(
    home: Path, tmp_path: Path
) -> None:
    packages = tmp_path / "packages"
    distribution(packages, "jinja2", "3.1.2")
    distribution(packages, "game-engine", "1.0", **{"top_level.txt": "engine\n"})
    path = os.pathsep.join(filter(None, (str(packages), os.environ.get("PYTHONPATH"))))
    code, troubles = examined(
        home, PYTHONPATH=path, LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0"
    )
    assert code == 1
    jinja, foreign, poor = troubles
    assert "Jinja 3.1.2" in str(jinja["what"])
    assert "--upgrade 'jinja2>=3.1.6'" in str(jinja["fix"])
    assert "game-engine has a package called engine too" in str(foreign["what"])
    assert "pip uninstall game-engine" in str(foreign["fix"])
    assert "encoding" in str(poor["what"])
    assert "LC_ALL=C.UTF-8" in str(poor["fix"])


def test_a_sound_installation_has_no_trouble(home: Path) -> None:
    assert examined(home, LC_ALL="C.UTF-8") == (0, [])


def test_troubles_are_the_last_lines(chat: Chat) -> None:
    config = chat.home / "config" / "config.toml"
    config.parent.mkdir(exist_ok=True)
    config.write_text("[sampling]\ntemperatur = 1\n")
    assert chat("doctor") == 1
    lines = [line.split("\t") for line in chat.out.splitlines()]
    told = [line for line in lines if line[0] in ("warning", "BROKEN")]
    assert lines[-2:] == told
    (warning, about_key), (broken, about_model) = told
    assert (warning, broken) == ("warning", "BROKEN")
    assert "did you mean sampling.temperature?: `chat config edit`" in about_key
    assert "the model cannot be used" in about_model


def test_a_configuration_that_cannot_be_used_is_broken(chat: Chat) -> None:
    config = chat.home / "config" / "config.toml"
    config.parent.mkdir(exist_ok=True)
    config.write_text("= 3")
    assert chat("doctor") == 1
    assert "BROKEN\tthe configuration cannot be used" in chat.out


def test_no_model_is_broken_and_the_way_to_one_is_told(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_MODEL", "none-such")
    assert chat("doctor") == 1
    assert "'none-such', the model in the settings, is neither a file nor" in chat.out


def test_a_model_at_a_server_takes_no_memory_here(chat: Chat) -> None:
    config = chat.home / "config" / "config.toml"
    config.parent.mkdir(exist_ok=True)
    config.write_text(
        'model = "big"\n[endpoints.big]\nurl = "http://localhost:1/v1"\nmodel = "x"\n'
    )
    assert chat("doctor") == 0
    assert "trouble\tnone found" in chat.out


def test_a_model_that_is_too_large_for_the_memory_is_told(starter_path: Path) -> None:
    summary = summarise([starter_path])
    assert list(memory_troubles("it", summary, Config(), 8 * 2**30)) == []
    (trouble,) = memory_troubles("it", summary, Config(), 100 * 2**20)
    assert trouble.is_broken
    assert "it needs " in trouble.what
    assert "4,096 tokens" in trouble.what
    assert "105 MB are free" in trouble.what
    long = Config(load={"n_ctx": 10**7})
    assert list(memory_troubles("it", summary, long, 8 * 2**30))
    assert list(memory_troubles("it", replace(summary, weights_bytes=2**40), Config(), 2**33))


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/srv/chat", "ext4"),
        ("/home/me/.local/share", "nfs4"),
        ("/home/me/my disk/chat", "xfs"),
        ("/homework", "ext4"),
    ],
)
def test_the_file_system_of_a_folder_is_that_of_the_nearest_mount(folder: str, kind: str) -> None:
    assert file_system_of(Path(folder), MOUNTS) == kind


def test_a_store_on_a_network_file_system_is_a_warning() -> None:
    folders = {"sessions": Path("/home/me/x"), "models": Path("/srv/x")}
    (trouble,) = network_troubles(folders, MOUNTS)
    assert not trouble.is_broken
    assert "sessions are on a network file system (nfs4)" in trouble.what
    assert "CHAT_HOME=" in trouble.fix


def test_only_others_packages_of_our_names_are_told() -> None:
    owners: Mapping[str, list[str]] = {
        "engine": ["draftsmith", "game-engine"],
        "tui": ["draftsmith"],
        "numpy": ["numpy"],
    }
    (trouble,) = foreign_packages(owners)
    assert "game-engine" in trouble.what


def test_files_that_are_not_as_installed_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tui").mkdir()
    lines = []
    for name in ("a.py", "b.py"):
        (tmp_path / "tui" / name).write_text(name)
        digest = urlsafe_b64encode(hashlib.sha256(name.encode()).digest()).rstrip(b"=").decode()
        lines.append(f"tui/{name},sha256={digest},4\n")
    distribution(tmp_path, "draftsmith", "9", RECORD="".join(lines))
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert list(changed_files()) == []
    (tmp_path / "tui" / "b.py").write_text("theirs")
    (trouble,) = changed_files()
    assert "1 of this program's files are not as installed, such as tui/b.py" in trouble.what


@pytest.mark.parametrize("encoding", ["UTF-8", "utf8", "utf_8"])
def test_utf_8_by_any_name_is_no_trouble(encoding: str) -> None:
    assert list(locale_troubles(encoding)) == []


def test_a_terminal_without_colours_is_a_warning_on_a_terminal_only(terminal: Terminal) -> None:
    assert list(terminal_troubles("dumb", is_terminal=False)) == []
    assert list(terminal_troubles("xterm", is_terminal=True)) == []
    process = terminal.start_scripted("x", "doctor", environment={"TERM": "dumb"})
    process.expect("TERM is dumb")


def test_a_folder_that_cannot_be_written_to_is_broken(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    troubles = writable_troubles({"a": tmp_path / "new", "sessions": tmp_path / "file" / "b"})
    (trouble,) = troubles
    assert trouble.what.startswith("sessions cannot be written to ")
