"""``chat sessions check``: what is wrong with saved sessions, and a repaired copy of one."""

from __future__ import annotations

from dataclasses import asdict

from sessions import Report, check_session, check_sessions, salvage_session
from tui import exit_codes
from tui.runtime import Runtime
from tui.tables import print_json, print_line, print_table


def check_all(runtime: Runtime, *, as_json: bool) -> int:
    """One line for each session that is damaged, and how many there are."""
    reports = list(check_sessions(runtime.sessions().root))
    damaged = [report for report in reports if not report.is_sound]
    if as_json:
        print_json(runtime, {"checked": len(reports), "damaged": list(map(_as_json, damaged))})
    else:
        rows = [
            (report.id, report.title, _count(len(report.findings), "problem")) for report in damaged
        ]
        if rows:
            print_table(runtime, ("ID", "TITLE", "FOUND"), rows)
        print_line(runtime, f"{_count(len(reports), 'session')}, {len(damaged)} damaged")
    return exit_codes.FAILED if damaged else exit_codes.DONE


def check_one(runtime: Runtime, query: str, *, salvage: bool, as_json: bool) -> int:
    """Everything that is wrong with a session and, if that is wanted, a repaired copy."""
    store = runtime.sessions()
    report = check_session(store.root, store.resolve(query))
    wants_copy = salvage and not report.is_sound
    repaired = salvage_session(store.root, report.id) if wants_copy else None
    if as_json:
        print_json(runtime, {**_as_json(report), "repaired": repaired})
    else:
        _print(runtime, report)
        if repaired is not None:
            print_line(runtime, f"repaired copy: {repaired}")
    return exit_codes.DONE if report.is_sound else exit_codes.FAILED


def _print(runtime: Runtime, report: Report) -> None:
    if report.is_sound:
        print_line(runtime, f"{report.id} is sound, {_count(report.turns, 'turn')}")
        return
    rows = [
        (*("" if place is None else str(place) for place in (each.line, each.offset)), each.reason)
        for each in report.findings
    ]
    print_table(runtime, ("LINE", "BYTE", "WHAT IS WRONG"), rows)


def _as_json(report: Report) -> dict[str, object]:
    return {**asdict(report), "path": str(report.path)}


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
