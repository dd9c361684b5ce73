"""The sessions beside the conversation: listed, found, opened, named, deleted and brought back."""

from __future__ import annotations

import os
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from threading import Event as Flag

from app_pilot import Stage, perform
from textual.widgets import Input

from engine.types import Role
from sessions import SessionStore, Turn, new_turn_id
from tui.app.listing import day_name
from tui.app.talk import AppTalk
from tui.app.widgets.sessions import SessionsPanel

WIDE = (120, 30)


def saved_session(home: Path, title: str, *words: str, days_ago: float = 0) -> str:
    """A session of these questions and answers, and its id."""
    store = SessionStore(home / "data" / "sessions")
    log = store.create(title=title)
    parent = None
    for number, content in enumerate(words):
        role: Role = "assistant" if number % 2 else "user"
        turn = Turn(new_turn_id(), parent, role, content, datetime.now(timezone.utc))
        log.append(turn)
        parent = turn.id
    if days_ago:
        moment = (datetime.now() - timedelta(days=days_ago)).timestamp()
        os.utime(log.path, (moment, moment))
    store.close()
    return log.session.id


def panel(stage: Stage) -> SessionsPanel:
    return stage.chat.query_one(SessionsPanel)


async def listed(stage: Stage, *titles: str) -> None:
    """Open the panel, and wait until these are in it."""
    await stage.idle()
    await stage.press("ctrl+b")
    for title in titles:
        await stage.sees(title)


def test_sessions_are_listed_by_day_and_opened_with_enter(home: Path) -> None:
    saved_session(home, "The Last Lamp", "Light?", "Out.", days_ago=40)
    saved_session(home, "A Second Draft", "Shorter?", "Yes.")

    async def play(stage: Stage) -> None:
        await listed(stage, "The Last Lamp")
        rows = [row.strip()[:32].strip() for row in stage.screen_text().split("\n")]
        assert rows.index("Today") < rows.index("A Second Draft") < rows.index("The Last Lamp")
        await stage.press(*"last")
        await stage.until(lambda: "A Second Draft" not in stage.screen_text())
        await stage.press("enter")
        await stage.until(lambda: stage.contents == ["Light?", "Out."])
        assert stage.chat.composer.has_focus
        await stage.sees("▸ The Last Lamp")
        await stage.press("ctrl+b")
        assert not stage.chat.query(SessionsPanel)

    perform(play, home, size=WIDE)


def test_branches_stand_below_their_session_and_a_click_goes_to_one(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("Say hello.")
        await stage.send("/regen")
        await stage.send("/rename the second")
        await listed(stage, "└ the second")
        first = stage.overview.branch
        await stage.press("down", "j", "j")
        rows = stage.screen_text().split("\n")
        other = next(number for number, row in enumerate(rows) if "├" in row)
        await stage.pilot.click(offset=(8, other))
        await stage.until(lambda: stage.overview.branch != first)

    perform(play, home, size=WIDE, replies=["Hello.", "Good day."])


def test_a_session_is_renamed_deleted_and_brought_back(home: Path) -> None:
    session = saved_session(home, "The Last Lamp", "Light?", "Out.")
    file = home / "data" / "sessions" / f"{session}.jsonl"

    async def play(stage: Stage) -> None:
        await listed(stage, "The Last Lamp")
        await stage.press("down", "r")
        await stage.until(lambda: stage.app.screen is not stage.chat)
        stage.app.screen.query_one(Input).value = "Dusk"
        await stage.press("enter")
        await stage.sees("  Dusk")
        await stage.press("d")
        await stage.until(lambda: not file.exists())
        await stage.sees("nothing is saved yet")
        await stage.press("u")
        await stage.until(file.exists)
        await stage.until(lambda: [line.title for line in panel(stage)._lines][1:] == ["Dusk"])

    perform(play, home, size=WIDE)
    assert SessionStore(home / "data" / "sessions").list()[0].title == "Dusk"


def test_a_deletion_is_taken_back_though_the_list_was_closed_meanwhile(home: Path) -> None:
    session = saved_session(home, "The Last Lamp", "Light?", "Out.")
    file = home / "data" / "sessions" / f"{session}.jsonl"

    async def play(stage: Stage) -> None:
        await listed(stage, "The Last Lamp")
        may_go = Flag()

        def hold(_talk: AppTalk) -> None:
            may_go.wait(60)

        stage.app.do(hold)
        await stage.press("down", "d", "ctrl+b")
        assert not stage.chat.query(SessionsPanel)
        may_go.set()
        await stage.until(lambda: not file.exists())
        await stage.idle()
        await listed(stage, "nothing is saved yet")
        await stage.press("down", "u")
        await stage.until(file.exists)

    perform(play, home, size=WIDE)


def test_deleting_the_session_in_use_begins_a_new_one(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("Say hello.")
        session = stage.overview.session
        await listed(stage, "▸ Say hello.")
        await stage.press("down", "d")
        await stage.until(lambda: stage.overview.session != session)
        assert not stage.turns

    perform(play, home, size=WIDE)
    assert not SessionStore(home / "data" / "sessions").ids()


def test_below_100_columns_the_list_is_in_front_until_one_is_opened(home: Path) -> None:
    saved_session(home, "The Last Lamp", "Light?", "Out.")

    async def play(stage: Stage) -> None:
        await listed(stage, "The Last Lamp")
        assert not stage.chat.composer.is_on_screen
        await stage.press("enter")
        await stage.until(lambda: stage.contents == ["Light?", "Out."])
        await stage.until(lambda: stage.chat.composer.is_on_screen)
        assert not stage.chat.query(SessionsPanel)
        await stage.press("ctrl+b")
        await stage.pilot.resize_terminal(120, 30)
        await stage.until(lambda: stage.chat.composer.is_on_screen)
        await stage.pilot.resize_terminal(50, 14)
        await stage.sees("The Last Lamp")

    perform(play, home)


def test_titles_in_the_list_do_nothing_to_the_terminal(home: Path) -> None:
    saved_session(home, "\x1b]0;owned\x07[bold]lamp\u202e", "Light?", "Out.")

    async def play(stage: Stage) -> None:
        await listed(stage, "[bold]lamp")
        assert not {"\x1b", "\x07", "\u202e"} & set(stage.screen_text())

    perform(play, home, size=WIDE)


def test_days_are_named_as_one_says_them() -> None:
    today = date(2026, 11, 29)

    def named(day: date) -> str:
        return day_name(datetime(day.year, day.month, day.day, 12).astimezone(), today)

    assert named(today) == "Today"
    assert named(date(2026, 11, 28)) == "Yesterday"
    assert named(date(2026, 11, 24)) == "Tuesday"
    assert named(date(2026, 3, 4)) == "4 March"
    assert named(date(2025, 12, 31)) == "31 December 2025"
