"""``:%!chat --edit -`` in a real vim: the buffer gets the revision, or stays as it was."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pseudo_terminal import SCRIPTED

VIM = shutil.which("vim")

pytestmark = pytest.mark.skipif(VIM is None, reason="vim is not installed")


def filtered(tmp_path: Path, draft: str, reply: str) -> str:
    """What is in the file after vim has filtered it through ``chat`` and saved it."""
    home = tmp_path / "home"
    (home / "data" / "models").mkdir(parents=True)
    (home / "data" / "models" / "tiny.gguf").touch()
    folder = tmp_path / "bin"
    folder.mkdir()
    command = shlex.join([sys.executable, "-c", SCRIPTED, reply])
    (folder / "chat").write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    (folder / "chat").chmod(0o755)
    path = tmp_path / "draft.md"
    path.write_text(draft)
    assert VIM is not None
    subprocess.run(
        [VIM, "-es", "-u", "NONE", "-c", ":%!chat --edit - -t tighten", "-c", "wq", str(path)],
        env={**os.environ, "CHAT_HOME": str(home), "PATH": f"{folder}:{os.environ['PATH']}"},
        check=False,
        timeout=60,
    )
    return path.read_text()


def test_a_buffer_is_filtered(tmp_path: Path) -> None:
    draft = "It was really very quiet in the house.\nNobody came.\n"
    reply = "The house was quiet.\nNobody came."
    assert filtered(tmp_path, draft, reply) == "The house was quiet.\nNobody came.\n"


def test_a_buffer_is_left_alone_where_the_revision_cannot_stand(tmp_path: Path) -> None:
    draft = "It was really very quiet in the house.\nNobody came.\n"
    assert filtered(tmp_path, draft, "I'm sorry, but I can't help with that.") == draft
