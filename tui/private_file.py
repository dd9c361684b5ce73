"""Writes a file for the person alone: whole or not at all, and over nothing by accident."""

from __future__ import annotations

import os
from pathlib import Path

from drafts import DraftExists
from drafts.syscalls import OperatingSystem
from drafts.temporary import link_new, sync_folder, temporary_file
from tui.errors import UsageProblem


def refuse_taken(path: Path, *, force: bool) -> None:
    """Stop before a file that may not be written.

    Raises:
        UsageProblem: If the name is taken, or a folder's.
    """
    if path.is_dir():
        raise UsageProblem(f"{path} is a folder: name a file in it")
    if path.exists() and not path.is_file():
        raise UsageProblem(f"{path} is not a file that can be replaced")
    if not force and os.path.lexists(path):
        raise UsageProblem(f"{path} already exists: --force replaces it")


def write_private(path: Path, data: bytes, *, force: bool) -> None:
    """Make a file that only the person may read.

    Args:
        path: Its name.
        data: What it will hold.
        force: Whether it may take the place of another.

    Raises:
        UsageProblem: As for `refuse_taken`.
        OSError: If the system refuses.
    """
    refuse_taken(path, force=force)
    try:
        _write(path, data, force=force)
    except DraftExists as error:
        raise UsageProblem(f"{path} already exists: --force replaces it") from error


def create_private(path: Path, data: bytes) -> None:
    """Make a new file that only the person may read.

    Raises:
        DraftExists: If there is something of that name.
        OSError: If the system refuses.
    """
    _write(path, data, force=False)


def make_private_folder(folder: Path) -> None:
    """Make a folder for the person alone, and those around it that are missing.

    Raises:
        OSError: If the system refuses.
    """
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
        sync_folder(each.parent, OperatingSystem())


def _write(path: Path, data: bytes, *, force: bool) -> None:
    system = OperatingSystem()
    try:
        with temporary_file(path, data, system) as file:
            if force:
                system.replace(file, path)
            else:
                link_new(file, path, system)
        sync_folder(path.parent, system)
    except OSError as error:
        # The temporary file's name says nothing to anybody.
        raise OSError(error.errno, error.strerror, str(path)) from error
