"""Asks Hugging Face what it has, and downloads it; the only module that knows its client.

``hf_hub_download`` deletes what it has when a download breaks off, so files are fetched a level
below, with `http_get`, into a file that the next attempt goes on with.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import httpx2
from huggingface_hub import HfApi, constants, hf_hub_url
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
)
from huggingface_hub.file_download import http_get
from huggingface_hub.utils._headers import build_hf_headers

from engine.errors import DownloadFailed, NoRepository
from engine.models.offers import Offer, Offers, RepoFile, sorted_offers
from engine.models.stores import UNFINISHED

Progress: TypeAlias = Callable[[int], object]
"""Gets how many bytes there are by now, of all files together."""

_CHUNK = 2**16
"""Bytes that are written at once."""

_ASKING_S = 30.0

_SPARE = 64 * 2**20
"""Bytes of the disk that are left for everything else."""

_BAD_TOKEN = "Invalid credentials in Authorization header"

_YES = ("1", "ON", "YES", "TRUE")
"""What huggingface_hub takes for a yes."""

_LARGEST_PLAIN = 50 * 10**9
"""Bytes; the hub gives larger files to its own protocol alone. Nearly all are split before that."""


class Hub:
    """A hub to download from."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Nothing is asked yet.

        Args:
            environment: ``HF_ENDPOINT`` names another hub, ``HF_TOKEN`` proves who asks, and
                ``HF_HUB_OFFLINE`` forbids to ask; proxies are the client's own.

        Raises:
            DownloadFailed: If asking is forbidden.
        """
        if environment.get("HF_HUB_OFFLINE", "").upper() in _YES:
            raise DownloadFailed("nothing is downloaded while HF_HUB_OFFLINE is set: unset it")
        # It would ask the hub which agents there are, to tell it which one this is.
        constants.HF_HUB_DISABLE_TELEMETRY = True
        # By itself it hands on ten megabytes at a time: so many would be lost when it breaks off.
        constants.DOWNLOAD_CHUNK_SIZE = _CHUNK
        # It warns of each attempt, with addresses and a stack of lines.
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
        self._endpoint = environment.get("HF_ENDPOINT") or None
        self._token = environment.get("HF_TOKEN") or None

    def offers(self, repo: str) -> Offers:
        """What a repository offers.

        Args:
            repo: ``user/name``.

        Raises:
            DownloadFailed: If there is no such repository, none that may be read, or no answer.
        """
        api = HfApi(endpoint=self._endpoint, token=self._token)
        with _explained(repo):
            info = api.model_info(repo, files_metadata=True, timeout=_ASKING_S)
        files = [
            RepoFile(
                each.rfilename,
                each.size or 0,
                each.lfs.sha256 if each.lfs else None,
                each.blob_id,
            )
            for each in info.siblings or []
        ]
        offers = sorted_offers(files)
        if not offers:
            raise DownloadFailed(
                f"{repo} has no GGUF files: look for a repository of the model that ends in -GGUF"
            )
        licence = info.card_data.get("license") if info.card_data else None
        return Offers(info.id, info.sha or "main", licence, offers)

    def download(
        self, offers: Offers, offer: Offer, folder: Path, progress: Progress
    ) -> list[Path]:
        """Download the files of an offer and check them; what is there already is gone on with.

        Args:
            offers: Where the offer comes from.
            offer: What to download.
            folder: The models folder; the files go to ``user/name`` in it, all at once at the end.
            progress: See `Progress`.

        Raises:
            DownloadFailed: If it breaks off, the disk is too small, or a checksum is wrong.
        """
        unfinished = folder / UNFINISHED
        try:
            unfinished.mkdir(parents=True, exist_ok=True, mode=0o700)
            _check_room(offer, unfinished)
            whole, before = [], 0
            for file in offer.files:
                whole.append(self._fetched(offers, file, unfinished, _after(before, progress)))
                before += file.size
            return _moved(whole, offer, folder / offers.repo)
        except OSError as error:
            raise _disk_failed(error) from error

    def _fetched(self, offers: Offers, file: RepoFile, folder: Path, progress: Progress) -> Path:
        """A file, whole and checked, under the name of its checksum."""
        path = folder / f"{file.sha256 or file.git_sha1}.part"
        with path.open("a+b") as partial:
            _lock(partial, file)
            if partial.seek(0, os.SEEK_END) > file.size:
                partial.truncate(0)
                partial.seek(0)
            self._fetch(offers, file, partial, progress)
            partial.flush()
            os.fsync(partial.fileno())
            if not _is_sound(partial, file):
                path.unlink()
                raise DownloadFailed(
                    f"{file.name} arrived with a wrong checksum and was deleted: pull it again"
                )
        return path

    def _fetch(self, offers: Offers, file: RepoFile, partial: BinaryIO, progress: Progress) -> None:
        there = partial.tell()
        progress(there)
        if file.size - there > _LARGEST_PLAIN and not there:
            raise DownloadFailed(
                f"{file.name} is too large to download in one piece: choose one that is split"
            )
        url = hf_hub_url(offers.repo, file.path, revision=offers.commit, endpoint=self._endpoint)
        with _explained(offers.repo):
            http_get(
                url,
                partial,
                resume_size=there,
                headers=build_hf_headers(token=self._token),
                expected_size=file.size,
                tqdm_class=_meter(there, progress),
            )


def _after(before: int, progress: Progress) -> Progress:
    """Progress of a file, as one of the whole offer."""
    return lambda count: progress(before + count)


def _meter(there: int, progress: Progress) -> Any:
    """What `http_get` takes for a progress bar."""

    class Meter:
        def __init__(self, **_: object) -> None:
            self._count = there

        def __enter__(self) -> Meter:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def update(self, count: int) -> None:
            self._count += count
            progress(self._count)

    return Meter


def _lock(partial: BinaryIO, file: RepoFile) -> None:
    try:
        fcntl.flock(partial, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise DownloadFailed(
            f"{file.name} is being downloaded by another chat: wait for it"
        ) from error


def _is_sound(partial: BinaryIO, file: RepoFile) -> bool:
    """Whether the bytes are those that the hub has a checksum of."""
    partial.seek(0)
    digest = hashlib.sha256() if file.sha256 else hashlib.sha1(f"blob {file.size}\0".encode())
    while data := partial.read(2**20):
        digest.update(data)
    return digest.hexdigest() == (file.sha256 or file.git_sha1)


def _check_room(offer: Offer, folder: Path) -> None:
    """Refuse what the disk has no room for, before anything is written."""
    there = 0
    for file in offer.files:
        path = folder / f"{file.sha256 or file.git_sha1}.part"
        there += path.stat().st_size if path.exists() else 0
    missing, free = offer.size_bytes - there + _SPARE, shutil.disk_usage(folder).free
    if missing > free:
        raise DownloadFailed(
            f"{folder} has {_disk_size(free)} free, and {_disk_size(missing)} are needed: "
            "make room, or choose a smaller quantization"
        )


def _disk_size(count: int) -> str:
    return f"{count / 10**9:.1f} GB" if count >= 10**9 else f"{count / 10**6:.0f} MB"


def _moved(whole: list[Path], offer: Offer, folder: Path) -> list[Path]:
    """The files under their own names, the last part first: a model is found by its first."""
    folder.mkdir(parents=True, exist_ok=True)
    targets = [folder / file.name for file in offer.files]
    for path, target in reversed(list(zip(whole, targets, strict=True))):
        os.replace(path, target)
    return targets


def _disk_failed(error: OSError) -> DownloadFailed:
    name = f"{error.filename}: " if error.filename else ""
    return DownloadFailed(f"{name}{error.strerror or error}; the partial download is kept")


@contextmanager
def _explained(repo: str) -> Iterator[None]:
    """Turn the client's errors into one line with what to do."""
    try:
        yield
    except GatedRepoError as error:
        raise DownloadFailed(
            f"{repo} is gated: accept its terms on its page, make a token there, and set HF_TOKEN"
        ) from error
    except RepositoryNotFoundError as error:
        raise _not_there(repo) from error
    except RemoteEntryNotFoundError as error:
        raise DownloadFailed(f"{repo} has changed meanwhile: pull it again") from error
    except HfHubHTTPError as error:
        raise _of_status(repo, error) from error
    except HFValidationError as error:
        raise DownloadFailed(f"{repo} is not a repository's name, such as user/name") from error
    except OfflineModeIsEnabled as error:
        raise DownloadFailed("nothing is downloaded while HF_HUB_OFFLINE is set") from error
    except httpx2.HTTPError as error:
        raise DownloadFailed(
            f"no answer from the hub ({_short(error)}): check the network, HF_ENDPOINT and the "
            "proxies; the partial download is kept, and the same command resumes it"
        ) from error
    except OSError as error:
        if error.errno is not None:
            raise
        # Its check of the length, in several lines.
        raise DownloadFailed(
            "the download broke off; the partial download is kept, and the same command resumes it"
        ) from error


def _not_there(repo: str) -> NoRepository:
    """What the hub will not tell apart to somebody whom it does not know."""
    return NoRepository(
        f"there is no repository {repo}, or a private one: check the name, or set HF_TOKEN"
    )


def _of_status(repo: str, error: HfHubHTTPError) -> DownloadFailed:
    status = error.response.status_code
    is_bad_token = error.response.headers.get("X-Error-Message") == _BAD_TOKEN
    if status == 401 and not is_bad_token:
        return _not_there(repo)
    return DownloadFailed(_refusal(repo, status))


def _refusal(repo: str, status: int) -> str:
    if status == 401:
        return "the hub does not accept the token in HF_TOKEN: make a new one, or unset it"
    if status == 403:
        return f"the token in HF_TOKEN may not read {repo}: grant it access on the hub"
    if status == 429:
        return "the hub reports too many requests: wait a few minutes, or set HF_TOKEN"
    if status >= 500:
        return f"the hub has a problem of its own ({status}): try again later"
    return f"the hub answered with {status} for {repo}"


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
