"""``chat models ps`` and ``stop``: the models that stay in memory after a command."""

from __future__ import annotations

from datetime import datetime, timezone
from time import time

from engine.residence import machine_clock
from engine.resident import Resident, dismiss, residents
from tui import exit_codes
from tui.errors import UsageProblem
from tui.runtime import Runtime
from tui.tables import file_size, print_json, print_table


def list_residents(runtime: Runtime, *, as_json: bool) -> None:
    """Each with the memory that it takes, and how long it stays."""
    found = residents(runtime.paths.runtime)
    if as_json:
        print_json(runtime, [_as_json(each) for each in found])
    elif found:
        print_table(runtime, ("NAME", "MEMORY", "SINCE", "UNTIL"), [_row(each) for each in found])
    else:
        runtime.narrator().say("no model is kept in memory; `-o keep_alive 10m` keeps one")


def stop_residents(runtime: Runtime, *, name: str | None) -> int:
    """End those of a name, or all.

    Raises:
        UsageProblem: If there is none of the name.
    """
    folder = runtime.paths.runtime
    start = (name or "").casefold()
    named = [each for each in residents(folder) if each.record.model.casefold().startswith(start)]
    if name and not named:
        raise UsageProblem(
            f"no model {name!r} is kept in memory; `chat models ps` lists those that are"
        )
    code = exit_codes.DONE
    for each in named:
        is_gone, told = stop(runtime, each)
        runtime.narrator().say(told)
        code = code if is_gone else exit_codes.FAILED
    return code


def stop(runtime: Runtime, resident: Resident) -> tuple[bool, str]:
    """End one, unless it is in use; whether it ended, and that in words."""
    model = resident.record.model
    if dismiss(runtime.paths.runtime, resident.record.pid):
        return True, f"{model} is no longer in memory"
    return False, f"{model} is in use: stop it when that conversation has ended"


def _row(resident: Resident) -> tuple[str, str, str, str]:
    size, until = resident.memory_bytes, resident.until
    return (
        resident.record.model,
        "unknown" if size is None else file_size(size),
        _moment(resident.record.since),
        "in use" if until is None else _moment(until),
    )


def _moment(seconds: float) -> str:
    moment = datetime.fromtimestamp(_since_1970(seconds), timezone.utc)
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _since_1970(seconds: float) -> float:
    """A time of the machine's clock by the clock on the wall, as that is now."""
    return time() - machine_clock() + seconds


def _as_json(resident: Resident) -> dict[str, object]:
    """With times in seconds since 1970."""
    record, until = resident.record, resident.until
    return {
        "model": record.model,
        "path": record.path,
        "pid": record.pid,
        "memory_bytes": resident.memory_bytes,
        "keep_alive": record.keep_alive,
        "since": _since_1970(record.since),
        "until": None if until is None else _since_1970(until),
    }
