"""A worker that outlives its caller: it serves one after another, and goes when none comes."""

from __future__ import annotations

import os
import queue
import socket
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic

from engine import wire
from engine.abort import AbortFlag
from engine.residence import Residence
from engine.worker import Pipes, Worker, prepare_process


def stay() -> None:
    """Serve whoever connects to the socket on fd 0, and end when nobody did for long enough.

    Args of the process: the folder and the name of its residence, and the seconds to stay.
    """
    folder, name, seconds = sys.argv[1:4]
    residence = Residence(Path(folder), name)
    prepare_process()
    listener = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    os.chdir("/")
    abort = AbortFlag()
    nowhere = os.open(os.devnull, os.O_RDWR)
    worker = Worker(Pipes(nowhere, nowhere), abort)
    threading.Thread(target=worker.beat, daemon=True).start()
    keep, used = int(seconds), monotonic()
    while not worker.is_dismissed:
        caller = _next_caller(listener, used + keep - monotonic())
        if caller is not None:
            _serve(worker, abort, caller)
            if worker.options is not None:
                keep, used, worker.options = worker.options.keep_alive, monotonic(), None
                _note_use(residence, keep)
        elif monotonic() >= used + keep and _goes(residence):
            break
    os._exit(0)


def _next_caller(listener: socket.socket, seconds: float) -> socket.socket | None:
    """Whoever connects within the time."""
    listener.settimeout(max(0.05, seconds))
    try:
        caller, _ = listener.accept()
    except TimeoutError:
        return None
    caller.setblocking(True)
    return caller


def _serve(worker: Worker, abort: AbortFlag, caller: socket.socket) -> None:
    """Answer one caller's requests until they hang up; what is unfinished then is cancelled."""
    frames: queue.SimpleQueue[wire.Frame | None] = queue.SimpleQueue()
    fd = caller.detach()
    pipes = Pipes(fd, fd)
    abort.resume()
    worker.pipes = pipes
    reader = threading.Thread(target=pipes.read_into, args=(frames, abort), daemon=True)
    reader.start()
    worker.serve(frames)
    if not worker.is_dismissed:
        reader.join()
    pipes.close()


def _note_use(residence: Residence, keep: int) -> None:
    """Let others see when it was used, and how long it stays from then on."""
    record = residence.record()
    if record is not None and record.pid == os.getpid():
        with suppress(OSError):
            residence.write_record(replace(record, keep_alive=keep))


def _goes(residence: Residence) -> bool:
    """Clear the place, unless somebody is just coming."""
    lock = residence.lock()
    if lock is None:
        return False
    residence.clear()
    # The lock is given back by the end of the process: until then nobody can come.
    return True
