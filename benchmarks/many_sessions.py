"""How quick lists, searches, opening and appending are with thousands of sessions.

Makes as many sessions as it is told to, the same conversations for ``llm`` where that is installed,
and times both as whole processes, and our own work apart from the start of Python:

    python benchmarks/many_sessions.py --sessions 10000 --turns 20
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from time import perf_counter, perf_counter_ns

from ulid import ULID

from sessions import Search, SessionStore, Turn, new_turn_id
from sessions.codec import encode
from sessions.records import Header
from sessions.syscalls import OperatingSystem

EPOCH = datetime(2026, 1, 1, tzinfo=timezone.utc)
ROUNDS = 7

_SYLLABLES = ("ka", "lo", "mi", "re", "tus", "van", "sel", "dor", "nim", "pa", "quo", "zeb")
_VOCABULARY = [a + b + c for a in _SYLLABLES for b in _SYLLABLES for c in _SYLLABLES]


def main() -> None:
    """Make, measure and print."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="chat-bench-") as folder:
        home = Path(folder)
        conversations = list(_conversations(arguments.sessions, arguments.turns))
        store = SessionStore(home / "data" / "sessions", index=home / "cache" / "sessions.sqlite")
        _write(store.root, conversations)
        print(f"{arguments.sessions:,} sessions of {arguments.turns} turns")
        _measure_finding(home)
        _measure_long(store, arguments.long)
        _measure_appending(home)
        _compare_with_llm(home, conversations)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure sessions in their thousands.")
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--long", type=int, default=20_000, help="turns of the one long session")
    return parser.parse_args()


def _words(chance: random.Random) -> str:
    """Some dozen words, a few of them everywhere and most of them rare, as in any language."""
    count = chance.randrange(20, 80)
    ranks = (int(len(_VOCABULARY) ** chance.random()) - 1 for _ in range(count))
    return " ".join(_VOCABULARY[rank] for rank in ranks) + "."


def _conversations(sessions: int, turns: int) -> Iterator[tuple[str, list[Turn]]]:
    chance = random.Random(1)
    for number in range(sessions):
        began = EPOCH + timedelta(minutes=40 * number)
        yield str(ULID.from_datetime(began)), list(_turns(chance, began, turns))


def _turns(chance: random.Random, began: datetime, count: int) -> Iterator[Turn]:
    parent = None
    for number in range(count):
        time = began + timedelta(minutes=number)
        turn = Turn(
            str(ULID.from_datetime(time)), parent, "user", _words(chance), time, status="complete"
        )
        if number % 2:
            turn = replace(turn, role="assistant", model="SmolLM2-135M-Instruct-Q4_1")
        parent = turn.id
        yield turn


def _write(root: Path, conversations: Sequence[tuple[str, list[Turn]]]) -> None:
    root.mkdir(mode=0o700, parents=True)
    for session_id, turns in conversations:
        path = root / f"{session_id}.jsonl"
        header = encode(Header(1, session_id, turns[0].time))
        path.write_bytes(header + b"".join(map(encode, turns)))
        path.chmod(0o600)
        changed = turns[-1].time.timestamp()
        os.utime(path, (changed, changed))


def _measure_finding(home: Path) -> None:
    def store() -> SessionStore:
        return SessionStore(home / "data" / "sessions", index=home / "cache" / "sessions.sqlite")

    started = perf_counter()
    found = store().search(Search("kalozeb"))
    print(f"first search, which indexes everything: {perf_counter() - started:.1f} s")
    _print_ms("list the newest 50", lambda: store().list(50))
    for words in ("kakaka", "kalozeb", "tusnimquo", "kakaka kakalo zebpami", '"kakaka kakalo"'):
        count = len(store().search(Search(words, limit=1_000_000)))
        _print_ms(f"search {words}, {count:,} hits", partial(_search, store, words))
    assert found


def _search(store: Callable[[], SessionStore], words: str) -> None:
    store().search(Search(words))


def _measure_long(store: SessionStore, turns: int) -> None:
    """A session of very many turns: opened, and its end shown."""
    session_id = new_turn_id()
    began = EPOCH
    _write_long(store.root / f"{session_id}.jsonl", session_id, began, turns)

    def show_the_end() -> None:
        assert len(store.open(session_id).session.path(last=50)) == 50

    started = perf_counter()
    show_the_end()
    print(f"open {turns:,} turns for the first time: {1000 * (perf_counter() - started):.1f} ms")
    _print_ms(f"open {turns:,} turns and show the last 50", show_the_end)
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"largest memory so far: {held / 1024:.0f} MiB")


def _write_long(path: Path, session_id: str, began: datetime, turns: int) -> None:
    with path.open("wb") as file:
        file.write(encode(Header(1, session_id, began)))
        for turn in _turns(random.Random(2), began, turns):
            file.write(encode(replace(turn, content=turn.content * 3)))
    path.chmod(0o600)


class TimedSync(OperatingSystem):
    """The real calls, with the time that fsync takes counted."""

    seconds = 0.0

    def fsync(self, fd: int) -> None:
        """See `Syscalls`."""
        started = perf_counter()
        super().fsync(fd)
        self.seconds += perf_counter() - started


def _measure_appending(home: Path) -> None:
    system = TimedSync()
    log = SessionStore(home / "more" / "sessions", syscalls=system).create()
    own, whole = [], []
    for turn in _turns(random.Random(3), EPOCH, 1000):
        system.seconds = 0.0
        started = perf_counter()
        log.append(replace(turn, parent=log.session.head))
        whole.append(perf_counter() - started)
        own.append(whole[-1] - system.seconds)
    print(
        f"append: p50 {1000 * statistics.median(own):.2f} ms beside fsync, "
        f"{1000 * statistics.median(whole):.2f} ms with it"
    )


def _compare_with_llm(home: Path, conversations: Sequence[tuple[str, list[Turn]]]) -> None:
    """Whole processes, in turn."""
    programs = Path(sys.executable).parent
    environment = {**os.environ, "CHAT_HOME": str(home), "LLM_USER_PATH": str(home / "llm")}
    pairs = {
        "list 50": (["sessions", "list"], ["logs", "list", "-n", "50", "--short"]),
        "search": (["sessions", "search", "kalozeb"], ["logs", "-q", "kalozeb", "--short"]),
    }
    has_llm = (programs / "llm").exists()
    if has_llm:
        _fill_llm(home / "llm", conversations)
    for name, (ours, theirs) in pairs.items():
        commands = {"chat": [str(programs / "chat"), *ours]}
        if has_llm:
            commands["llm"] = [str(programs / "llm"), *theirs]
        times: dict[str, list[float]] = {program: [] for program in commands}
        for _ in range(ROUNDS):
            for program, command in commands.items():
                started = perf_counter()
                subprocess.run(command, env=environment, capture_output=True, check=True)
                times[program].append(perf_counter() - started)
        shown = ", ".join(f"{program} {statistics.median(t):.2f} s" for program, t in times.items())
        print(f"{name}, as a process: {shown}")
        if has_llm:
            ratios = [b / a for a, b in zip(times["chat"], times["llm"], strict=True)]
            print(f"  llm ÷ chat: {statistics.median(ratios):.2f} (median of pairs)")
    if not has_llm:
        print("llm is not installed here: nothing to compare with")


def _fill_llm(folder: Path, conversations: Sequence[tuple[str, list[Turn]]]) -> None:
    """The same conversations in llm's database, whose tables it makes itself."""
    folder.mkdir(parents=True)
    program = str(Path(sys.executable).parent / "llm")
    environment = {**os.environ, "LLM_USER_PATH": str(folder)}
    subprocess.run([program, "logs", "on"], env=environment, check=True, capture_output=True)
    migrate = (
        "import sqlite_utils, llm.migrations, sys; "
        "llm.migrations.migrate(sqlite_utils.Database(sys.argv[1]))"
    )
    database = folder / "logs.db"
    subprocess.run([sys.executable, "-c", migrate, str(database)], check=True)
    with sqlite3.connect(database) as connection:
        for session_id, turns in conversations:
            model = "SmolLM2"
            connection.execute(
                "INSERT INTO conversations (id, name, model) VALUES (?, ?, ?)",
                (session_id, turns[0].content[:60], model),
            )
            connection.executemany(
                "INSERT INTO responses "
                "(id, model, prompt, response, conversation_id, datetime_utc, duration_ms) "
                "VALUES (?, ?, ?, ?, ?, ?, 1)",
                [
                    (
                        *(answer.id.lower(), model, question.content, answer.content),
                        *(session_id, answer.time.isoformat()),
                    )
                    for question, answer in zip(turns[::2], turns[1::2], strict=True)
                ],
            )
    connection.close()


def _print_ms(name: str, work: Callable[[], object]) -> None:
    times = []
    for _ in range(ROUNDS):
        started = perf_counter_ns()
        work()
        times.append((perf_counter_ns() - started) / 1e6)
    low, high = min(times), max(times)
    print(f"{name}: {statistics.median(times):.1f} ms ({low:.1f}–{high:.1f})")


if __name__ == "__main__":
    main()
