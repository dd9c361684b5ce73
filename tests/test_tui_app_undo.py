"""u and U take back, and do again, whatever was done with the conversation and with sessions."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path

from app_pilot import PacedEngine, Stage, perform
from independent_reader import Reader
from test_tui_app_turns import change_words
from textual.events import Paste
from textual.widgets import Input

from engine.types import Event, Finished, Piece, Timings, Usage
from sessions import SessionStore
from tui.options import AskOptions
from tui.widgets.dialogs import AskLine


async def there_and_back(stage: Stage, state: Callable[[], object]) -> tuple[object, object]:
    """What is so after u, and after U."""
    await stage.press("u")
    await stage.idle()
    before = state()
    await stage.press("U")
    await stage.idle()
    return before, state()


def latest(home: Path) -> Reader:
    """The latest session, as another program reads it."""
    return Reader(max((home / "data" / "sessions").glob("*.jsonl")))


def temperature_of(stage: Stage) -> float:
    assert stage.overview.settings is not None
    return stage.overview.settings.sampling.temperature


def told(stage: Stage) -> str:
    """The beginning of the last line in passing."""
    return list(stage.app._notifications)[-1].message.partition(":")[0]


def test_anything_is_undone_and_redone(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("one")
        await stage.press("tab", "r")
        await stage.idle()
        await stage.press("left_square_bracket")
        await stage.idle()
        stage.chat.action_command("/delete 2")
        await stage.idle()
        assert stage.contents == ["one"]
        shown, deleted = [], []
        for key in ("u", "u", "u", "u", "U", "U", "U", "U"):
            await stage.press(key)
            await stage.idle()
            shown.append(stage.contents)
            deleted.append(len(latest(home).deleted))
        first, second = ["one", "First."], ["one", "Second."]
        assert shown[:4] == [first, second, first, []]
        assert shown[4:] == [first, second, first, ["one"]]
        assert deleted == [0, 0, 0, 0, 0, 0, 0, 1]

    perform(play, home, replies=["First.", "Second."])


def test_what_another_run_did_is_undone_too(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("one")

    perform(play, home)

    async def again(stage: Stage) -> None:
        await stage.idle()
        await stage.press("tab", "u")
        await stage.until(lambda: not stage.turns)
        await stage.press("U")
        await stage.until(lambda: len(stage.turns) == 2)
        await stage.press("U")
        await stage.sees("there is nothing to redo")

    perform(again, home, options=AskOptions(go_on=True))


def test_names_titles_and_ratings_are_undone_and_any_reader_sees_it(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("one")
        await stage.press("tab")
        answer = stage.turns[-1].turn.id
        for line, state, before, after in (
            ("/rename dusk", lambda: latest(home).branches, {}, {"dusk": answer}),
            ("/rename dawn", lambda: latest(home).branches, {"dusk": answer}, {"dawn": answer}),
            ("/title Lamp", lambda: latest(home).title, "", "Lamp"),
            ("/title Last Lamp", lambda: stage.overview.title, "Lamp", "Last Lamp"),
            ("/rate + fine", lambda: latest(home).ratings.get(answer, 0), 0, 1),
        ):
            stage.chat.action_command(line)
            await stage.idle()
            assert await there_and_back(stage, state) == (before, after), line
        await stage.is_told("undone: the name of a branch")
        await stage.is_told("redone: a rating")
        assert stage.contents == ["one", "Hello there."]

    perform(play, home)


def test_how_the_next_question_is_asked_is_undone(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("one")
        await stage.press("tab")
        for line, state, before, after in (
            ("/set temperature 0.3", lambda: temperature_of(stage), 0.7, 0.3),
            ("/template tighten percent=30", lambda: stage.overview.prompts, (), ("tighten",)),
            ("/fork a sadder end", lambda: told(stage), "undone", "redone"),
        ):
            stage.chat.action_command(line)
            await stage.idle()
            assert await there_and_back(stage, state) == (before, after), line
        for _ in range(3):
            await stage.press("u")
            await stage.idle()
        await stage.press("tab")
        await stage.send("two")
        asked = stage.engine.requests[-1]
        assert asked.messages[-1].content == "two"
        assert asked.sampling.temperature == 0.7
        assert latest(home).branches == {}

    perform(play, home)


def test_a_system_text_that_was_undone_is_not_in_the_next_question(home: Path) -> None:
    def systems(stage: Stage) -> list[str]:
        asked = stage.engine.requests[-1].messages
        return [message.content for message in asked if message.role == "system"]

    async def play(stage: Stage) -> None:
        await stage.send("one")
        await stage.press("tab")
        stage.chat.action_command("/system Rhyme.")
        await stage.idle()
        await stage.press("u", "tab")
        await stage.send("two")
        assert systems(stage) == []
        stage.chat.action_command("/template tighten")
        await stage.send("three")
        first = systems(stage)
        assert "words" in first[0]
        await stage.press("tab", "u", "tab")
        await stage.send("three")
        assert systems(stage) == first
        # Neither was there before the first question, and another version of it is without them.
        await stage.press("tab", "g")
        await change_words(stage, "e", "uno")
        await stage.press("tab")
        await stage.send("four")
        assert systems(stage) == first

    perform(play, home)


def test_a_text_that_was_taken_off_is_attached_again(home: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.chat.composer.post_message(Paste("line\n" * 60))
        await stage.until(lambda: stage.overview.attachments == ("pasted text 1",))
        stage.chat.action_command("/detach")
        await stage.idle()
        await stage.press("tab")
        for key, attached in (("u", 1), ("u", 0), ("U", 1)):
            await stage.press(key)
            await stage.idle()
            assert len(stage.overview.attachments) == attached

    perform(play, home)


def test_compaction_is_undone_with_the_name_that_it_gave(home: Path) -> None:
    async def play(stage: Stage) -> None:
        for words in ("one", "two"):
            await stage.send(f"{words} " * 20)
        await stage.press("tab")
        before = stage.contents
        stage.chat.action_command("/compact 2")
        await stage.idle()
        after = stage.contents
        assert len(after) < len(before)
        names = ["before compaction"]
        assert await there_and_back(
            stage, lambda: (stage.contents, list(latest(home).branches))
        ) == ((before, []), (after, names))

    long = "A word and another. " * 20
    perform(play, home, replies=[long, long, "A short summary."])


def test_a_title_that_the_model_found_is_no_step_to_be_undone(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("one")
        await stage.until(lambda: stage.overview.title == "A Lamp")
        await stage.press("tab", "u")
        await stage.idle()
        assert not stage.turns
        await stage.press("U")
        await stage.idle()
        assert (stage.contents, stage.overview.title) == (["one", "Hello there."], "A Lamp")
        stage.chat.action_command("/title Dusk")
        await stage.idle()
        assert await there_and_back(stage, lambda: stage.overview.title) == ("A Lamp", "Dusk")

    class Naming(PacedEngine):
        """Finds a title."""

        def _untitled(self) -> Generator[Event, None, None]:
            yield Piece("A Lamp", 0)
            yield Finished("end", Usage(1, 1), Timings(0.0, 0.0))

    (home / "data" / "models").mkdir(parents=True)
    (home / "data" / "models" / "tiny.gguf").touch()
    perform(play, home, starter=lambda _path, _options: Naming(["Hello there."]))


def test_what_was_done_in_the_list_of_sessions_is_undone_there(home: Path) -> None:
    def title_of_file() -> str:
        return SessionStore(home / "data" / "sessions").list()[0].title

    async def renamed(stage: Stage, name: str) -> None:
        await stage.press("r")
        await stage.until(lambda: isinstance(stage.app.screen, AskLine))
        stage.app.screen.query_one(Input).value = name
        await stage.press("enter")
        await stage.idle()

    async def play(stage: Stage) -> None:
        await stage.send("one")
        session = stage.overview.session
        await stage.send("/regen")
        await stage.send("/rename dusk")
        await stage.press("ctrl+n")
        await stage.until(lambda: not stage.turns)
        await stage.press("ctrl+b")
        await stage.sees("dusk")
        await stage.press("down")
        await renamed(stage, "Lamp")
        assert title_of_file() == "Lamp"
        await stage.press("j", "j")
        await renamed(stage, "dawn")
        assert [*latest(home).branches] == ["dawn"]
        await stage.press("g", "j", "enter")
        await stage.until(lambda: stage.overview.session == session)
        await stage.press("ctrl+b", "ctrl+b")
        await stage.sees("▸ Lamp")
        await stage.press("down", "d")
        await stage.until(lambda: not (home / "data" / "sessions" / f"{session}.jsonl").exists())
        # The panel was another one when the names were given.
        await stage.press("ctrl+b", "ctrl+b")
        await stage.sees("nothing is saved yet")
        await stage.press("down", "u")
        await stage.until(lambda: stage.contents == ["one", "Hello there."])
        await stage.press("u")
        await stage.idle()
        assert [*latest(home).branches] == ["dusk"]
        await stage.press("u")
        await stage.idle()
        assert title_of_file() == stage.overview.title == "one"
        await stage.press("u")
        await stage.is_told("there is nothing to undo here")

    perform(play, home, size=(120, 30))
