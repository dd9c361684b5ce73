"""The app, with a scripted engine behind it: what a person does and sees, and what is on disk."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from threading import Event as Flag

import pytest
from app_pilot import PATIENCE_S, PacedEngine, Stage, engines_by_name, perform, placed
from textual.events import Key, Paste
from textual.widgets import Input

from engine.errors import LoadFailed, NoModel
from engine.load_options import LoadOptions
from engine.scripted import Reply
from engine.types import Event, Loading, Request
from sessions import SessionStore, UnknownSession
from tui.app.app import ChatApp
from tui.app.pieces import Cadence
from tui.app.talk import AppTalk
from tui.app.unsent import NEW, Unsent
from tui.options import AskOptions, EngineOptions
from tui.runtime import Runtime
from tui.widgets.dialogs import AskLine, ShowText


def test_a_question_is_answered_shown_and_saved(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("Say *hello*.")
        assert stage.contents == ["Say *hello*.", "**Hello** there."]
        screen = stage.screen_text()
        assert "› Say *hello*." in screen
        assert "    Hello there." in screen
        assert "● Say *hello*." in screen
        assert "4,096" in screen

    stage = perform(play, home, replies=["**Hello** there."])
    assert [turn.content for turn in stage.saved] == ["Say *hello*.", "**Hello** there."]


def test_an_answer_grows_on_the_screen_and_escape_keeps_what_there_is(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.type("Go on")
        await stage.press("enter")
        await stage.sees("word word")
        assert stage.turns[-1].is_live
        await stage.sees("writing  Esc stops")
        await stage.press("escape")
        await stage.idle()
        assert stage.turns[-1].turn.status == "cancelled"
        await stage.sees("stopped")

    stage = perform(play, home, replies=[Reply("word ", endless=True)])
    assert stage.saved[-1].status == "cancelled"
    assert stage.saved[-1].content.startswith("word word")


def test_words_that_take_long_to_draw_are_shown_less_often() -> None:
    now, worked = [10.0], [3.0]
    cadence = Cadence(lambda: now[0], lambda: worked[0])

    def wait_after(pause: float, work: float) -> float:
        now[0] += pause
        worked[0] += work
        cadence.begin()
        return cadence.wait

    assert wait_after(60, 3) == pytest.approx(0.1), "an answer begins"
    assert wait_after(0.1, 0.005) == pytest.approx(0.1)
    assert wait_after(0.1, 0.025) == pytest.approx(0.25), "a tenth of a core"
    assert wait_after(0.3, 0.3) == pytest.approx(0.5), "a stall does not stop the flow"
    now[0] += 60
    assert cadence.wait <= 0.001


def test_what_is_typed_meanwhile_is_not_sent_and_not_lost(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.type("Go on")
        await stage.press("enter")
        await stage.sees("word word")
        await stage.type("And then?")
        await stage.press("enter")
        assert stage.chat.composer.text == "And then?"
        await stage.press("ctrl+c")
        await stage.idle()
        assert stage.chat.composer.text == "And then?"

    perform(play, home, replies=[Reply("word ", endless=True)])


def test_leaving_in_the_middle_of_an_answer_saves_it(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.type("Go on")
        await stage.press("enter")
        await stage.sees("word word")
        await stage.press("ctrl+q")

    stage = perform(play, home, replies=[Reply("word ", endless=True)])
    assert (stage.saved[-1].role, stage.saved[-1].status) == ("assistant", "cancelled")


def test_leaving_ends_a_question_and_whoever_asks_another_is_not_waited_for(home: Path) -> None:
    leaving, answers = Flag(), list[str | None]()

    async def play(stage: Stage) -> None:
        def errand(_talk: AppTalk) -> None:
            answers.append(stage.app.person.ask("One?"))
            leaving.wait()
            answers.append(stage.app.person.ask("Another?"))

        stage.app.end_review = leaving.set
        stage.app.do(errand)
        await stage.until(lambda: isinstance(stage.app.screen, AskLine))

    perform(play, home)
    assert answers == [None, None]


def test_enter_sends_and_other_keys_break_the_line(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.press("a", "ctrl+j", "b", "alt+enter", "c")
        assert stage.chat.composer.text == "a\nb\nc"
        await stage.press("enter")
        await stage.idle()
        assert stage.contents[0] == "a\nb\nc"

    perform(play, home)


def test_up_and_down_bring_earlier_entries_and_what_was_being_typed(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("first")
        await stage.send("second")
        await stage.type("third")
        await stage.press("up", "up")
        assert stage.chat.composer.text == "first"
        await stage.press("down", "down")
        assert stage.chat.composer.text == "third"

    perform(play, home)

    async def again(stage: Stage) -> None:
        await stage.idle()
        await stage.press("up")
        assert stage.chat.composer.text == "second"

    perform(again, home)


def test_words_that_were_not_sent_are_there_again_and_sent_ones_are_not(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.idle()
        await stage.type("half a thought")
        kept = home / "data" / "unsent" / "new.md"
        await stage.until(lambda: kept.exists() and kept.read_text() == "half a thought")
        assert kept.stat().st_mode & 0o777 == 0o600

    perform(play, home)

    async def again(stage: Stage) -> None:
        await stage.until(lambda: stage.chat.composer.text == "half a thought")
        await stage.press("enter")
        await stage.idle()
        await stage.until(lambda: not list((home / "data" / "unsent").iterdir()))

    perform(again, home)


def test_words_are_on_disk_while_they_are_typed_without_a_pause(home: Path) -> None:
    kept = home / "data" / "unsent" / "new.md"

    async def play(stage: Stage) -> None:
        await stage.idle()
        typed = ""
        while not kept.exists() or len(kept.read_text()) < 2:
            typed += "a"
            stage.app.post_message(Key("a", "a"))
            await stage.until(lambda: stage.chat.composer.text == typed)  # noqa: B023
            assert len(typed) < 200
        assert typed.startswith(kept.read_text())

    perform(play, home)


def test_what_was_typed_last_before_leaving_is_there_again(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.idle()
        await stage.type("half a thought")

    perform(play, home)
    assert (home / "data" / "unsent" / "new.md").read_text() == "half a thought"


def test_a_question_that_the_thread_had_no_time_for_is_there_again(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.idle()
        thread = stage.app._thread

        def hold(_talk: AppTalk) -> None:
            while not thread._is_stopping:
                Flag().wait(0.01)

        stage.app.do(hold)
        await stage.type("half a thought")
        await stage.press("enter")
        assert not stage.chat.composer.text
        for words in ("/tokens", "another"):
            await stage.type(words)
            await stage.press("enter")
        await stage.type("and what follows")

    perform(play, home)
    kept = (home / "data" / "unsent" / "new.md").read_text()
    assert kept == "half a thought\nanother\nand what follows"


def unsent_words(home: Path) -> dict[str, str]:
    """What is kept, by its session; something else while a file is being replaced."""
    with suppress(FileNotFoundError):
        return {file.stem: file.read_text() for file in (home / "data" / "unsent").iterdir()}
    return {"being": "replaced"}


def test_what_is_asked_already_does_not_come_back_with_what_is_not(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.idle()
        thread, has_all = stage.app._thread, Flag()

        def hold(_talk: AppTalk) -> None:
            has_all.wait(PATIENCE_S)

        def stay(_talk: AppTalk) -> None:
            while not thread._is_stopping:
                Flag().wait(0.01)

        stage.app.do(hold)
        for words in ("one", "two", "three"):
            await stage.type(words)
            await stage.press("enter")
            if words == "two":
                stage.app.do(stay)
        has_all.set()
        await stage.until(lambda: stage.contents[::2] == ["one", "two"])
        await stage.until(lambda: list(unsent_words(home).values()) == ["three"])

    perform(play, home)
    assert list(unsent_words(home).values()) == ["three"]


def test_each_of_several_questions_that_cannot_be_asked_comes_back_in_its_place(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "noise.docx").write_bytes(b"\0\1\2")
    questions = ["One: @noise.docx", "Two: @noise.docx", "Three: @noise.docx"]

    async def play(stage: Stage) -> None:
        await stage.idle()
        has_all = Flag()

        def hold(_talk: AppTalk) -> None:
            has_all.wait(PATIENCE_S)

        stage.app.do(hold)
        for words in questions:
            await stage.type(words)
            await stage.press("enter")
        await stage.type("half a thought")
        has_all.set()
        back = "\n".join([*questions, "half a thought"])
        await stage.until(lambda: stage.chat.composer.text == back)
        assert not stage.turns

    perform(play, home)


def test_unsent_words_go_along_to_a_session_that_has_none_and_wait_for_those_of_another(
    home: Path,
) -> None:
    unsent = home / "data" / "unsent"

    def kept() -> dict[str, str]:
        return unsent_words(home)

    async def play(stage: Stage) -> None:
        await stage.send("one")
        first = stage.overview.session
        await stage.type("half a thought")
        await stage.press("ctrl+n")
        await stage.until(lambda: not stage.turns and kept() == {NEW: "half a thought"})
        await stage.press("enter")
        await stage.until(lambda: not kept())
        await stage.idle()
        second = stage.overview.session
        await stage.type("of the second")
        stage.app.do(lambda talk: talk.open_session(first))
        await stage.until(lambda: kept() == {first: "of the second"})
        await stage.type("of the first")
        await stage.until(lambda: kept() == {first: "of the first"})
        (unsent / f"{second}.md").write_text("of the second")
        stage.app.do(lambda talk: talk.open_session(second))
        await stage.until(lambda: stage.chat.composer.text == "of the second")
        await stage.type("")
        await stage.until(lambda: kept() == {first: "of the first"})
        stage.app.do(lambda talk: talk.open_session(first))
        await stage.until(lambda: stage.chat.composer.text == "of the first")

    perform(play, home)


def test_what_is_typed_right_behind_enter_stays_for_the_next_question(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.idle()
        for key in (*"onx", "backspace", "ctrl+j", "e", "enter", *"two"):
            stage.app.post_message(Key(key, key if len(key) == 1 else None))
        await stage.until(lambda: len(stage.turns) == 2)
        await stage.idle()
        assert stage.contents[0] == "on\ne"
        assert stage.chat.composer.text == "two"

    perform(play, home)


def test_older_unsent_words_never_come_back(tmp_path: Path) -> None:
    unsent = Unsent(tmp_path)
    for words in ("half", "half a thought", ""):
        unsent.note(NEW, words)
        assert unsent.words(NEW) == words
    unsent.note("other", "kept")
    unsent.write()
    unsent.write()
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("other.md", "kept")]
    assert (unsent.words(NEW), unsent.words("other")) == ("", "kept")


def test_a_long_paste_goes_along_as_a_text(home: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.chat.composer.post_message(Paste("line\n" * 60))
        await stage.until(lambda: stage.overview.attachments == ("pasted text 1",))
        await stage.sees("@ pasted text 1  ×")
        assert not stage.chat.composer.text
        await stage.send("Summarise it")
        assert "line\nline" in stage.engine.requests[-1].messages[-1].content
        assert stage.overview.attachments == ()
        await stage.sees("@pasted text 1")

    stage = perform(play, home)
    question = next(turn for turn in stage.saved if turn.role == "user")
    assert question.attachments[0].name == "pasted text 1"


def test_every_command_of_the_registry_works_from_a_slash(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("Say hello.")
        await stage.send("/title The Last Lamp")
        assert stage.overview.title == "The Last Lamp"
        await stage.send("/regen")
        assert stage.turns[-1].versions == 2
        await stage.sees("‹ 2/2 ›")
        await stage.sees("branch 2/2")
        await stage.send("/help")
        assert isinstance(stage.app.screen, ShowText)
        await stage.sees("/regen")

    perform(play, home)


def test_names_are_completed_and_taken_with_tab(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.idle()
        await stage.press("slash", "s", "y")
        await stage.until(lambda: stage.chat.completions.is_shown)
        await stage.press("tab")
        assert stage.chat.composer.text == "/system "
        await stage.sees("abstract")
        await stage.press("down", "enter")
        assert stage.chat.composer.text.startswith("/system ")
        assert len(stage.chat.composer.text) > len("/system ")
        await stage.press("escape")
        assert not stage.chat.completions.is_shown

    perform(play, home)


def test_the_palette_has_the_commands_and_begins_one_that_needs_words(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.idle()
        await stage.press("ctrl+p", *"score")
        await stage.sees("/score TEXT")
        await stage.press("ctrl+u", *"regen")
        await stage.sees("/regen [N] [K V…]")
        await stage.press("ctrl+u", *"score")
        await stage.sees("/score TEXT")
        await stage.press("enter")
        await stage.until(lambda: stage.chat.composer.text == "/score ")

    perform(play, home)


def test_help_names_the_keys_in_force_and_all_commands(home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text('[keys]\n"chat.new" = "f8"\n')

    async def play(stage: Stage) -> None:
        await stage.idle()
        await stage.press("f1")
        await stage.sees("chat.new")
        line = next(row for row in stage.screen_text().split("\n") if "chat.new" in row)
        assert line.split()[0].lower() == "f8"
        await stage.press("escape")
        await stage.send("Say hello.")
        session = stage.overview.session
        await stage.press("f8")
        await stage.until(lambda: stage.overview.session != session)
        assert not stage.turns

    perform(play, home, size=(100, 40))


def test_a_command_that_is_none_comes_back_to_be_changed(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.idle()
        await stage.type("/regne")
        await stage.press("enter")
        await stage.sees("did you mean /regen?")
        await stage.until(lambda: stage.chat.composer.text == "/regne")
        await stage.press("ctrl+c")
        assert not stage.chat.composer.text

    perform(play, home)


def test_colours_that_are_chosen_are_there_again(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.idle()
        stage.app.theme = "nord"
        await stage.until((home / "config" / "config.toml").exists)

    perform(play, home)

    async def again(stage: Stage) -> None:
        assert stage.app.theme == "nord"

    perform(again, home)


def test_the_cursor_goes_through_the_turns(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("one")
        await stage.send("two")
        await stage.press("tab")
        assert stage.chat.transcript.has_focus
        assert stage.chat.transcript.current == stage.turns[3]
        await stage.press("k", "k")
        assert stage.chat.transcript.current == stage.turns[1]
        await stage.press("g")
        await stage.sees("▌ › one")
        await stage.press("tab")
        assert stage.chat.composer.has_focus

    perform(play, home)


def test_a_session_goes_on_where_it_was(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("Say hello.")

    perform(play, home)

    async def again(stage: Stage) -> None:
        await stage.sees("› Say hello.")
        await stage.send("Again")
        assert len(stage.turns) == 4

    stage = perform(again, home, options=AskOptions(go_on=True))
    assert len(stage.saved) == 4


def test_a_session_that_is_not_there_is_the_error_that_ends_the_app(home: Path) -> None:
    runtime = Runtime({"CHAT_HOME": str(home)}, lambda _path, _options: PacedEngine(["x"]))
    app = ChatApp(runtime, AskOptions(session="nowhere"))
    app.run(headless=True)
    assert isinstance(app.error, UnknownSession)


def test_what_could_not_be_asked_comes_back_to_be_changed(home: Path, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG")

    async def play(stage: Stage) -> None:
        await stage.type(f"What is in @{picture}")
        await stage.press("enter")
        await stage.sees("UTF-8 text")  # what stands before it may be in another line
        await stage.until(lambda: stage.chat.composer.text == f"What is in @{picture}")
        assert not stage.turns

    perform(play, home, size=(140, 24))


def test_a_session_whose_model_is_gone_says_which_one_answers_now(home: Path) -> None:
    async def before(stage: Stage) -> None:
        await stage.send("Who are you?")

    async def after(stage: Stage) -> None:
        await stage.is_told("harbour, which answered before, was not found by that name")
        await stage.is_told("continuing with lamp")

    folder = placed(home, "harbour", "lamp")
    perform(before, home, starter=engines_by_name())
    (folder / "harbour.gguf").unlink()
    perform(after, home, starter=engines_by_name(), options=AskOptions(go_on=True))


def test_what_is_told_lies_not_over_what_is_typed(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("/title The Last Lamp")
        await stage.type("words " * 12)
        await stage.sees("▌ The Last Lamp")
        assert "words " * 11 in stage.screen_text()

    perform(play, home, shows_news=True)


def test_what_does_not_fit_is_told_with_what_can_be_done(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("word " * 30)
        await stage.type("word " * 30)
        await stage.press("enter")
        await stage.sees("/compact makes room")
        assert "F5" not in stage.screen_text()
        assert len(stage.turns) == 3

    perform(play, home, n_ctx=40, size=(140, 24))


class Broken(PacedEngine):
    """Cannot be loaded until it is told that it can."""

    def __init__(self) -> None:
        super().__init__(["Hello there."])
        self.is_loaded = False

    def load(self) -> Generator[Event, None, None]:
        yield Loading(0.5)
        self._check()

    def stream(self, request: Request) -> Generator[Event, None, None]:
        self._check()
        return super().stream(request)

    def _check(self) -> None:
        if not self.is_loaded:
            raise LoadFailed("tiny.gguf cannot be loaded: it is damaged")


def test_a_model_that_cannot_be_loaded_is_told_and_tried_again(home: Path) -> None:
    engine = Broken()
    model = home / "data" / "models" / "tiny.gguf"
    model.parent.mkdir(parents=True)
    model.touch()

    async def play(stage: Stage) -> None:
        await stage.sees("it is damaged   F5 tries again")
        await stage.send("Say hello.")
        await stage.sees("it is damaged")
        assert stage.contents == ["Say hello."]
        engine.is_loaded = True
        await stage.press("f5")
        await stage.until(lambda: stage.contents == ["Say hello.", "Hello there."])
        assert "it is damaged" not in stage.screen_text()

    perform(play, home, starter=lambda _path, _options: engine)


def test_an_answer_that_breaks_off_is_kept_and_can_be_asked_for_again(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("Say hello.")
        await stage.sees("broke off: the worker was killed")
        await stage.sees("F5 tries again")
        await stage.press("f5")
        await stage.until(lambda: stage.contents[-1] == "Hello there.")
        assert stage.turns[-1].versions == 2

    perform(play, home, replies=[Reply("Hel", "error", "the worker was killed"), "Hello there."])


def test_without_a_model_there_is_an_offer_and_a_path_is_taken(home: Path, tmp_path: Path) -> None:
    engine = PacedEngine(["Hello there."])
    weights = tmp_path / "mine.gguf"
    weights.write_bytes(b"GGUF")

    def start(path: Path, _options: LoadOptions) -> PacedEngine:
        if path != weights:
            raise NoModel("no model found")
        engine.model_name = path.stem
        return engine

    async def play(stage: Stage) -> None:
        await stage.sees("There is no model yet")
        stage.app.screen.query_one(Input).value = str(weights)
        await stage.press("tab", "enter")
        await stage.until(lambda: stage.overview.model == "mine")
        await stage.send("Say hello.")
        assert stage.contents[-1] == "Hello there."

    perform(play, home, starter=start)


def test_a_defect_in_a_handler_is_shown_written_down_and_survived(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("one")

        def break_down(_talk: object) -> None:
            raise ZeroDivisionError("a defect")

        stage.app.do(break_down)
        await stage.sees("a bug in this program")
        monkey = pytest.MonkeyPatch()
        monkey.setattr(type(stage.chat), "action_edit", lambda _screen: 1 / 0)
        await stage.press("ctrl+g")
        await stage.until(lambda: len(stage.app.fault_log.faults) == 2)
        monkey.undo()
        stage.app.fault_log.faults.clear()
        await stage.send("two")
        assert "two" in stage.contents

    perform(play, home)
    written = (home / "cache" / "faults.log").read_text()
    assert written.count("ZeroDivisionError") >= 2


NASTY = "\x1b]0;owned\x07 \x9b31m &#x202e;evil <b>kept</b> [here](http://a.example) \x1b[2J\u202e"


def test_nothing_in_words_of_any_kind_reaches_the_terminal_as_a_control(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send(f"about {NASTY}")
        await stage.send(f"/title {NASTY}")
        screen = stage.screen_text()
        assert not any(ord(character) < 32 for character in screen.replace("\n", ""))
        assert not any(character in screen for character in "\x7f\x9b\u202e")
        assert "<U+202E>evil <b>kept</b> here <http://a.example>" in screen

    perform(play, home, replies=[NASTY], size=(140, 40))


def test_no_save_leaves_nothing_on_disk(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("Say hello.")
        await stage.type("half a thought")
        await stage.sees("○ not kept")

    perform(play, home, options=AskOptions(save=False, engine=EngineOptions(model="tiny")))
    assert not SessionStore(home / "data" / "sessions").ids()
    assert not list((home / "data").glob("unsent/*"))
    assert not (home / "data" / "repl-history").exists()


@pytest.mark.parametrize("size", [(20, 6), (59, 15), (140, 40)])
def test_a_small_window_still_works(home: Path, size: tuple[int, int]) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("Hi")
        await stage.sees("there.")

    perform(play, home, size=size, replies=["Hello there."])


def test_the_context_is_known_as_soon_as_the_weights_are(home: Path) -> None:
    class Slow(PacedEngine):
        def load(self) -> Generator[Event, None, None]:
            while not self.is_loaded:
                yield Loading(0.5)
                Flag().wait(0.02)

    engine = Slow(["Hello."], n_ctx=512)
    engine.is_loaded = False

    async def play(stage: Stage) -> None:
        await stage.sees("loading the model")
        await stage.sees("50%")
        assert stage.overview.n_ctx is None
        engine.is_loaded = True
        await stage.until(lambda: stage.overview.n_ctx == 512)
        await stage.idle()
        assert "loading the model" not in stage.screen_text()

    (home / "data" / "models").mkdir(parents=True)
    (home / "data" / "models" / "tiny.gguf").touch()
    perform(play, home, starter=lambda _path, _options: engine)
