"""A resident worker: it serves one caller after another, and exits when none comes."""

from __future__ import annotations

import os
import queue
import select
import socket
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from engine import wire
from engine.abort import AbortFlag
from engine.residence import Residence, machine_clock
from engine.worker import Pipes, Worker, prepare_process

_FIRST_FRAME_S = 3.0
"""How long a caller may take to send its first frame."""

_LOOK_S = 30.0
"""How often to look at the clock and the record: `select` does not count time that the machine
sleeps."""


def stay() -> None:
    """Serve whoever connects to the socket on fd 0, and exit when nobody has for long enough.

    ``sys.argv``: the folder and the name of the residence, and the seconds to stay.
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
    keep, used = int(seconds), machine_clock()
    while not worker.is_dismissed:
        caller = _next_caller(listener, used + keep - machine_clock())
        if caller is not None:
            _serve(worker, abort, caller)
            if worker.options is not None:
                keep, used, worker.options = worker.options.keep_alive, machine_clock(), None
                _note_use(residence, keep)
        if not _is_known(residence) or (machine_clock() >= used + keep and _goes(residence)):
            break
    os._exit(0)


def _next_caller(listener: socket.socket, seconds: float) -> socket.socket | None:
    """The next caller, if one connects in time; waits no longer than `_LOOK_S`."""
    ready, _, _ = select.select([listener], [], [], min(max(0.05, seconds), _LOOK_S))
    if not ready:
        return None
    caller, _ = listener.accept()
    return caller


def _serve(worker: Worker, abort: AbortFlag, caller: socket.socket) -> None:
    """Answer one caller's requests until it hangs up; what is unfinished then is cancelled.

    A dismissed worker keeps the connection open: that it closes with the process tells the caller
    that the memory is free.
    """
    frames: queue.SimpleQueue[wire.Frame | None] = queue.SimpleQueue()
    pipes = Pipes(caller.fileno(), caller.fileno())
    abort.resume()
    os.ftruncate(2, 0)  # what was logged for others is of no use to this caller
    worker.pipes = pipes
    reader = threading.Thread(target=pipes.read_into, args=(frames, abort), daemon=True)
    reader.start()
    worker.serve(frames, first_within=_FIRST_FRAME_S)
    if not worker.is_dismissed:
        with suppress(OSError):
            caller.shutdown(socket.SHUT_RDWR)  # ends the reading
        reader.join()
        pipes.close()
    caller.detach()


def _is_known(residence: Residence) -> bool:
    """Whether callers can find this worker. They cannot if the folder was deleted, or if whoever
    started it was killed before writing the record: nobody would ever use it or end it."""
    record = residence.record()
    return record is not None and record.pid == os.getpid()


def _note_use(residence: Residence, keep: int) -> None:
    """Record that it was used now, and how long it stays."""
    record = residence.record()
    if record is not None and record.pid == os.getpid():
        with suppress(OSError):
            residence.write_record(replace(record, used=machine_clock(), keep_alive=keep))


def _goes(residence: Residence) -> bool:
    """Clear the residence before exiting; False if somebody is about to connect."""
    with suppress(OSError):
        if residence.lock() is None:
            return False
        residence.clear()
    # Held until the process has exited: nobody can connect to a worker that is leaving.
    return True
