"""A worker that outlives its caller: it serves one after another, and goes when none comes."""

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
"""How long somebody who has connected may take to say what for."""

_LOOK_S = 30.0
"""How often it is looked at the clock and at the record: a wait stands still while the machine
sleeps."""


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
    """Whoever connects within the time, or before it is time to look around."""
    ready, _, _ = select.select([listener], [], [], min(max(0.05, seconds), _LOOK_S))
    if not ready:
        return None
    caller, _ = listener.accept()
    return caller


def _serve(worker: Worker, abort: AbortFlag, caller: socket.socket) -> None:
    """Answer one caller's requests until they hang up; what is unfinished then is cancelled.

    Of a worker that is dismissed the end of the process tells the caller that its memory is free.
    """
    frames: queue.SimpleQueue[wire.Frame | None] = queue.SimpleQueue()
    pipes = Pipes(caller.fileno(), caller.fileno())
    abort.resume()
    os.ftruncate(2, 0)  # what was said to others is of no use to this one
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
    """Whether it can be found. It cannot where the folder was deleted, or where who started it was
    killed before it was noted: nobody would ever come, or end it."""
    record = residence.record()
    return record is not None and record.pid == os.getpid()


def _note_use(residence: Residence, keep: int) -> None:
    """Let others see when it was used, and how long it stays from then on."""
    record = residence.record()
    if record is not None and record.pid == os.getpid():
        with suppress(OSError):
            residence.write_record(replace(record, used=machine_clock(), keep_alive=keep))


def _goes(residence: Residence) -> bool:
    """Clear the place, unless somebody is just coming."""
    with suppress(OSError):
        if residence.lock() is None:
            return False
        residence.clear()
    # The lock is given back by the end of the process: until then nobody can come.
    return True
