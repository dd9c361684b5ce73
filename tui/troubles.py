"""What can be wrong with an installation and its surroundings, each with how it is mended."""

from __future__ import annotations

import hashlib
import locale
import os
import re
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

DISTRIBUTION = "draftsmith"

ROOMS = ("engine", "prompts", "sessions", "drafts", "tui")

SAFE_JINJA = (3, 1, 6)

_NETWORK_FILE_SYSTEMS = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre"),
        *("gpfs", "beegfs", "ncpfs", "fuse.sshfs", "fuse.rclone", "fuse.glusterfs", "fuse.s3fs"),
        *("fuse.ceph", "davfs", "fuse.davfs2", "fuse.gvfsd-fuse", "virtiofs"),
    }
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong."""

    what: str
    fix: str
    is_broken: bool = True
    """Whether something does not work; otherwise it may go wrong, or look poor."""


def package_troubles() -> Iterator[Trouble]:
    """Packages that are missing, too old, or somebody else's under our names."""
    yield from jinja_troubles()
    yield from missing_packages()
    yield from foreign_packages(metadata.packages_distributions())
    yield from changed_files()


def jinja_troubles() -> Iterator[Trouble]:
    """A Jinja whose sandbox has a known way out: templates come with models and prompts."""
    try:
        version = metadata.version("jinja2")
    except metadata.PackageNotFoundError:
        return
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    if numbers < SAFE_JINJA:
        yield Trouble(
            f"Jinja {version} lets a model's template out of its sandbox",
            f"`{sys.executable} -m pip install --upgrade 'jinja2>=3.1.6'`",
        )


def missing_packages() -> Iterator[Trouble]:
    """What this program needs and what is not installed."""
    try:
        needed = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return
    for requirement in needed:
        name = re.match(r"[\w.-]+", requirement)
        if name is None or ";" in requirement:  # of an extra, or of another Python
            continue
        try:
            metadata.version(name[0])
        except metadata.PackageNotFoundError:
            fix = f"`{sys.executable} -m pip install '{requirement}'`"
            yield Trouble(f"{name[0]} is not installed", fix)


def foreign_packages(owners: Mapping[str, Sequence[str]]) -> Iterator[Trouble]:
    """Distributions that bring a package of the name of one of ours: what was installed last has
    replaced files of the other.

    Args:
        owners: The distributions that have a top-level package, by its name.
    """
    for room in ROOMS:
        others = {each for each in owners.get(room, ()) if each.lower() != DISTRIBUTION}
        for other in sorted(others):
            yield Trouble(
                f"{other} has a package called {room} too, in the same place as this program's",
                f"`{sys.executable} -m pip uninstall {other}`, then install {DISTRIBUTION} again; "
                "or give each an environment of its own, as pipx does",
            )


def changed_files() -> Iterator[Trouble]:
    """Files of ours that are not those that were installed."""
    try:
        files = metadata.files(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return
    own = [file for file in files if file.parts[0] in ROOMS and file.hash is not None]
    changed = [file for file in own if not _is_as_installed(file)]
    if changed:
        yield Trouble(
            f"{len(changed)} of this program's files are not as installed, such as {changed[0]}",
            f"install {DISTRIBUTION} again with --force-reinstall",
        )


def _is_as_installed(file: metadata.PackagePath) -> bool:
    assert file.hash is not None
    try:
        digest = hashlib.new(file.hash.mode, file.read_binary()).digest()
    except OSError:
        return False
    return urlsafe_b64encode(digest).rstrip(b"=").decode() == file.hash.value


def network_troubles(folders: Mapping[str, Path], mounts: str) -> Iterator[Trouble]:
    """Folders on file systems of other machines.

    Args:
        folders: By what is in them.
        mounts: What ``/proc/self/mountinfo`` says.
    """
    for name, folder in folders.items():
        kind = file_system_of(folder, mounts)
        if kind in _NETWORK_FILE_SYSTEMS:
            yield Trouble(
                f"{name} are on a network file system ({kind}), where locks and writes may fail "
                "silently",
                "put them on a disk of this machine: CHAT_HOME=/path/to/folder",
                is_broken=False,
            )


def file_system_of(folder: Path, mounts: str) -> str | None:
    """The type of the file system that a folder is on, or would be.

    Args:
        folder: It need not exist.
        mounts: As proc(5) describes ``/proc/self/mountinfo``.
    """
    found: dict[str, str] = {}
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        if after and len(fields := before.split()) > 4:
            point = re.sub(r"\\([0-7]{3})", lambda escaped: chr(int(escaped[1], 8)), fields[4])
            found[point] = after.split()[0]
    place = Path(os.path.realpath(folder))
    around = (str(each) for each in (place, *place.parents))
    return next((found[each] for each in around if each in found), None)


def locale_troubles(encoding: str | None) -> Iterator[Trouble]:
    """A locale in which not every letter can be shown.

    Args:
        encoding: Of stdout.
    """
    used = encoding or locale.getpreferredencoding(False)
    if used.lower().replace("-", "").replace("_", "") != "utf8":
        yield Trouble(
            f"the locale's encoding is {used}, so other letters come out as \\u codes",
            "`export LC_ALL=C.UTF-8`, or your language's UTF-8 locale",
        )


def terminal_troubles(kind: str | None, *, is_terminal: bool) -> Iterator[Trouble]:
    """A terminal that is said to have no colours.

    Args:
        kind: What ``TERM`` says.
        is_terminal: Whether stdout is one.
    """
    if is_terminal and kind in (None, "", "dumb", "unknown"):
        yield Trouble(
            f"TERM is {kind or 'not set'}: nothing is coloured or drawn",
            "`export TERM=xterm-256color`, if it is an ordinary terminal",
            is_broken=False,
        )


def writable_troubles(folders: Mapping[str, Path]) -> Iterator[Trouble]:
    """Folders that nothing can be written to.

    Args:
        folders: By what is in them; they need not exist.
    """
    for name, folder in folders.items():
        existing = next(each for each in (folder, *folder.parents) if os.path.lexists(each))
        if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
            yield Trouble(
                f"{name} cannot be written to {existing}",
                "change who may write there, or set CHAT_HOME=/path/to/folder",
            )
