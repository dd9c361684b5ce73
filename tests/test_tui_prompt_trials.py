"""``chat prompts test``: what is asked, what passes, how two sides compare, and how it ends."""

from __future__ import annotations

import io
import json
import signal
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest
from scripted_chat import Chat, uncoded

from engine.scripted import Reply, ScriptedEngine
from engine.types import Event, Request
from prompts import Expectations, PromptTest
from tui.cli import main
from tui.composed import Composed
from tui.conversation import Question, Settings
from tui.paired import difference
from tui.prompt_test import progress_bar
from tui.prompt_trials import Trial, Trials

SHORTER = """
system = "You shorten texts."
user = "Shorten by {{ percent }}%:\\n{{ text }}"
min_pass = 0.5

[variables.percent]
type = "int"
default = 20

[[tests]]
name = "keeps the year"
input = "The bridge was built in the year of 1911."
variables = { percent = 40 }
expect = { keeps = ["numbers"], max_ratio = 0.7 }

[[tests]]
input = "It was really very quiet."
seed = 7
expect = { max_words = 3 }
"""

GOOD = ("The bridge was built in 1911.", "It was quiet.")

PLAIN = """
[[tests]]
input = "Hello"
expect = { contains = "there" }
"""


def write(folder: Path, name: str, text: str) -> Path:
    """Put a prompt into the project's library."""
    path = folder / ".chat" / "prompts" / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def rows(chat: Chat) -> list[list[str]]:
    """The cells that were printed."""
    return [line.split("\t") for line in chat.out.splitlines()]


def cut(text: str) -> Reply:
    """An answer that ran into its limit."""
    return Reply(text, reason="length")


def test_a_line_for_each_test_and_one_for_the_prompt(chat: Chat, tmp_path: Path) -> None:
    write(tmp_path, "shorter", SHORTER)
    chat.script(*GOOD)
    assert chat("prompts", "test", "shorter") == 0
    first, second, totals = rows(chat)
    assert first[:5] == ["shorter", "keeps the year", "pass", "6", "6"]
    assert second[:5] == ["shorter", "2", "pass", "3", "3"]
    assert all(float(seconds) >= 0 for seconds in first[5:7])
    assert totals == ["shorter", "2 of 2 (100%)", "50%", "yes"]


def test_what_fails_says_why_and_enough_may_pass(chat: Chat, tmp_path: Path) -> None:
    write(tmp_path, "shorter", SHORTER)
    chat.script("The bridge was built in the year of Grace.", GOOD[1])
    assert chat("prompts", "test", "shorter") == 0
    first, _, totals = rows(chat)
    assert first[2] == "FAIL"
    assert first[7] == "100% of the input's length, at most 70%; lost the number 1911"
    assert totals == ["shorter", "1 of 2 (50%)", "50%", "yes"]
    chat.script("So.", "It was really very quiet.")
    assert chat("prompts", "test", "shorter") == 1
    assert rows(chat)[-1] == ["shorter", "0 of 2 (0%)", "50%", "no"]


def test_without_min_pass_all_have_to_pass(chat: Chat, tmp_path: Path) -> None:
    write(tmp_path, "shorter", SHORTER.replace("min_pass = 0.5\n", ""))
    chat.script(GOOD[0], "It was really very quiet.")
    assert chat("prompts", "test", "shorter") == 1
    assert rows(chat)[-1] == ["shorter", "1 of 2 (50%)", "100%", "no"]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (cut("Hello there"), "cut off after 2 tokens"),
        (Reply("Hello there", reason="error", error="it died"), "it died"),
        (Reply("Hello there", reason="cancelled"), "stopped before the end"),
        (Reply(" \n", reason="end"), "no answer; does not say “there”"),
        (Reply("Hello there", reason="stop"), ""),
        (Reply("Hello there", reason="end"), ""),
    ],
)
def test_only_a_whole_answer_passes(chat: Chat, tmp_path: Path, reply: Reply, reason: str) -> None:
    write(tmp_path, "plain", PLAIN)
    chat.script(reply)
    assert chat("prompts", "test", "plain") == bool(reason)
    assert rows(chat)[0][7] == reason


def test_a_test_asks_what_the_program_itself_would_but_greedily_and_with_its_seed(
    chat: Chat, tmp_path: Path
) -> None:
    write(tmp_path, "shorter", SHORTER)
    config = chat.home / "config" / "config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text('system = "Mine."\n[sampling]\ntemperature = 1.5\n')
    assert chat("prompts", "test", "shorter") == 0
    first, second = chat.engine.requests
    text = "The bridge was built in the year of 1911."
    assert chat("--seed", "1", "-t", "shorter", "-p", "percent", "40", stdin=text) == 0
    assert first.messages == chat.engine.requests[-1].messages
    assert (first.sampling.temperature, first.sampling.seed) == (0, 1)
    assert second.sampling.seed == 7
    assert first.reproducible
    assert first.aside
    assert first.max_tokens == 1024


def test_a_prompts_own_settings_win(chat: Chat, tmp_path: Path) -> None:
    text = 'params = { temperature = 0.6, max_tokens = 9, stop = ["END"] }\n'
    write(tmp_path, "plain", text + PLAIN)
    chat("prompts", "test", "plain")
    request = chat.engine.requests[-1]
    assert (request.sampling.temperature, request.max_tokens, request.stop) == (0.6, 9, ("END",))
    chat("prompts", "test", "plain", "--max-tokens", "5")
    assert chat.engine.requests[-1].max_tokens == 5


def test_an_instruction_and_a_schema_are_the_tests_and_the_prompts(
    chat: Chat, tmp_path: Path
) -> None:
    write(
        tmp_path,
        "listed",
        """
        [params.schema]
        type = "array"
        [[tests]]
        input = "Tea and milk"
        instruction = "In capitals"
        expect.valid_schema = true
        """,
    )
    chat.script('{"a": 1}')
    assert chat("prompts", "test", "listed") == 1
    assert uncoded(chat.asked[-1][1]) == (
        "In capitals\n\n[begin of material CODE]\nTea and milk\n[end of material CODE]"
    )
    assert rows(chat)[0][7].startswith("does not fit the schema: $: ")
    chat.script('["TEA"]')
    assert chat("prompts", "test", "listed") == 0


def test_nothing_is_left_behind(chat: Chat, tmp_path: Path) -> None:
    write(tmp_path, "plain", PLAIN)
    (chat.home / "config").mkdir(exist_ok=True)
    (chat.home / "config" / "config.toml").write_text('keep_alive = "10m"\n')
    assert chat("prompts", "test", "plain") == 0
    assert not (chat.home / "data" / "sessions").exists()
    assert (chat.loaded[1].snapshots, chat.loaded[1].keep_alive) == (None, 0)


def test_without_a_name_all_prompts_with_tests_are_tried(chat: Chat, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path, name, PLAIN)
    write(tmp_path, "none", 'title = "None"')
    chat("prompts", "test", "--max-tokens", "9")
    tried = [cells[0] for cells in rows(chat) if len(cells) > 4]
    assert {"one", "two"} <= set(tried)
    assert "none" not in tried
    assert "none" not in chat.err


def test_a_broken_prompt_is_a_line_and_the_others_go_on(chat: Chat, tmp_path: Path) -> None:
    path = write(tmp_path, "broken", "titel = 1")
    write(tmp_path, "plain", PLAIN)
    assert chat("prompts", "test", "broken", "plain") == 1
    assert [line for line in chat.err.splitlines() if str(path) in line] == chat.err.splitlines()
    assert len(chat.err.splitlines()) == 1
    assert rows(chat)[-1] == ["plain", "1 of 1 (100%)", "100%", "yes"]


def test_of_a_broken_prompt_alone_nothing_more_is_said(chat: Chat, tmp_path: Path) -> None:
    write(tmp_path, "broken", "titel = 1")
    assert chat("prompts", "test", "broken") == 1
    assert len(chat.err.splitlines()) == 1
    assert chat.out == ""


def test_a_test_that_cannot_be_asked_fails_and_the_others_go_on(chat: Chat, tmp_path: Path) -> None:
    write(tmp_path, "card", 'user = "To {{ to }}: {{ text }}"\nvariables.to = {}\n' + PLAIN)
    write(tmp_path, "long", '[[tests]]\ninput = """' + "word " * 5000 + '"""\nexpect.min_words = 1')
    write(tmp_path, "plain", PLAIN)
    assert chat("prompts", "test", "card", "long", "plain") == 1
    card, long, plain = rows(chat)[:3]
    assert card[2:] == ["FAIL", "0", "-", "-", "-", "the prompt 'card' also needs: to"]
    assert long[7] == "the prompt has 5,055 tokens and the context holds 4,095"
    assert plain[2] == "pass"


def test_prompts_without_tests_are_said_so_and_nothing_tried_is_no_success(
    chat: Chat, tmp_path: Path
) -> None:
    write(tmp_path, "none", 'title = "None"')
    write(tmp_path, "plain", PLAIN)
    assert chat("prompts", "test", "none", "plain") == 0
    assert chat.err == "chat: without tests: none\n"
    assert chat("prompts", "test", "none") == 1
    assert "there is nothing to try: add [[tests]] to a prompt" in chat.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("plane",), "did you mean 'plain'?"),
        (("plain", "-m", "nothing"), "'nothing' is neither a file nor a known model"),
        (("plain", "--against", "nothing"), "and no prompt has that name"),
        (("--against", "plain"), "name a single prompt to compare with the prompt plain"),
        (("plain", "two", "--against", "plain"), "name a single prompt"),
    ],
)
def test_what_cannot_be_tried_is_said_before_anything_is(
    chat: Chat, tmp_path: Path, arguments: Sequence[str], said: str
) -> None:
    write(tmp_path, "plain", PLAIN)
    write(tmp_path, "two", PLAIN)
    assert chat("prompts", "test", *arguments) == 2
    assert said in chat.err
    assert chat.engine.requests == []


def test_json_has_every_figure_and_every_answer(chat: Chat, tmp_path: Path) -> None:
    path = write(tmp_path, "shorter", SHORTER)
    write(tmp_path, "broken", "titel = 1")
    write(tmp_path, "none", "")
    chat.script("The bridge is old.", GOOD[1])
    assert chat("prompts", "test", "shorter", "none", "broken", "--json") == 1
    report = json.loads(chat.out)
    assert (report["complete"], report["enough"], report["comparison"]) == (True, False, None)
    assert report["arms"] == [{"name": "tiny", "model": "tiny"}]
    assert report["without_tests"] == ["none"]
    assert [each["name"] for each in report["broken"]] == ["broken"]
    (prompt,) = report["prompts"]
    assert {**prompt, "outcomes": None} == {
        "name": "shorter",
        "path": str(path),
        "min_pass": 0.5,
        "passed": 1,
        "tried": 2,
        "tests": 2,
        "enough": True,
        "outcomes": None,
    }
    first = prompt["outcomes"][0]
    assert first["failures"] == ["lost the number 1911"]
    assert (first["answer"], first["finish_reason"]) == ("The bridge is old.", "end")
    assert (first["words"], first["completion_tokens"], first["seed"]) == (4, 4, 1)
    assert 0 <= first["first_token_s"] <= first["total_s"]


def test_another_model_beside_it_with_a_known_difference(chat: Chat, tmp_path: Path) -> None:
    (chat.home / "data" / "models" / "other.gguf").write_bytes(b"GGUF")
    write(tmp_path, "plain", PLAIN * 4)
    chat.script("there", "there", "there", "no", "no", "no", "no", "there")
    assert chat("prompts", "test", "plain", "-m", "tiny", "--against", "other") == 1
    *tests, totals, passed, seconds = rows(chat)
    assert [test[5:7] for test in tests] == [["pass", "FAIL"]] * 3 + [["FAIL", "pass"]]
    assert [test[2] for test in tests] == ["1 / 1"] * 4
    assert tests[0][7] == "other: does not say “there”"
    assert tests[3][7] == "tiny: does not say “there”"
    assert totals == ["plain", "3 of 4 (75%)", "1 of 4 (25%)", "100%", "no"]
    # A pair's difference is -1, three times, or +1: resampled means go from -1 to +0.5.
    assert passed == ["passed", "75%", "25%", "-50%", "-100% to +50%"]
    assert (seconds[0], len(seconds)) == ("seconds", 5)
    assert chat.loaded[0].stem == "other"


def test_a_long_name_is_cut_in_the_tables_of_tests(chat: Chat, tmp_path: Path) -> None:
    (chat.home / "data" / "models" / "other-7b-instruct-q4.gguf").write_bytes(b"GGUF")
    write(tmp_path, "plain", PLAIN)
    chat.script("there", "no")
    chat("prompts", "test", "plain", "-m", "tiny", "--against", "other")
    assert rows(chat)[0][7] == "other-7b-inst…: does not say “there”"


def test_another_prompt_beside_it_gets_the_same_texts_and_the_values_it_knows(
    chat: Chat, tmp_path: Path
) -> None:
    write(tmp_path, "shorter", SHORTER)
    write(tmp_path, "brief", 'user = "Briefly: {{ text }}"')
    chat.script("The bridge is old.", "It was really quiet.", *GOOD)
    assert chat("prompts", "test", "shorter", "--against", "brief", "--json") == 1
    report = json.loads(chat.out)
    assert [arm["name"] for arm in report["arms"]] == ["shorter", "brief"]
    assert uncoded(chat.engine.requests[2].messages[-1].content) == (
        "Briefly: [begin of material CODE]\nThe bridge was built in the year of 1911.\n"
        "[end of material CODE]"
    )
    passed = report["comparison"]["passed"]
    assert passed == {
        "first": 0,
        "second": 1,
        "difference": 1,
        "low": 1,
        "high": 1,
        "pairs": 2,
    }
    outcomes = report["prompts"][0]["outcomes"]
    assert [outcome["arm"] for outcome in outcomes] == ["shorter"] * 2 + ["brief"] * 2


def test_the_first_side_alone_decides_whether_enough_passed(chat: Chat, tmp_path: Path) -> None:
    write(tmp_path, "plain", PLAIN)
    write(tmp_path, "other", "")
    chat.script("there", "no")
    assert chat("prompts", "test", "plain", "--against", "other") == 0
    assert rows(chat)[2] == ["passed", "100%", "0%", "-100%", "too few tests"]


def test_an_interval_is_that_of_resampled_pairs_and_always_the_same() -> None:
    found = difference([1] * 10, [0, 1] * 5)
    assert found is not None
    assert (found.first, found.second, found.value, found.pairs) == (1, 0.5, -0.5, 10)
    assert found == difference([1] * 10, [0, 1] * 5)
    # Binomial, n = 10 and p = 1/2: 1.1% are beyond 8 and 5.5% are beyond 7, on both sides alike.
    assert found.interval == (-0.8, -0.2)
    assert difference([], []) is None
    alone = difference([2], [3])
    assert alone is not None
    assert (alone.value, alone.interval) == (1, None)


class Interrupted(ScriptedEngine):
    """Somebody presses Ctrl+C while a certain request is answered."""

    def __init__(self, at: int) -> None:
        super().__init__(["Hello there", "there it is"])
        self._at = at

    def _events(self, request: Request) -> Generator[Event, None, None]:
        for event in super()._events(request):
            yield event
            if len(self.requests) == self._at:
                signal.raise_signal(signal.SIGINT)
                self._at = 0


@pytest.mark.parametrize("beside", [(), ("--against", "tiny")])
def test_ctrl_c_prints_what_was_tried_so_far(
    chat: Chat, tmp_path: Path, beside: Sequence[str]
) -> None:
    write(tmp_path, "plain", PLAIN * 4)
    chat.engine = Interrupted(at=3)
    assert chat("prompts", "test", "plain", *beside) == 130
    assert len(chat.engine.requests) == 3
    assert [cells[1] for cells in rows(chat)][:2] == ["1", "2"]
    assert rows(chat)[2][1:3] == ["2 of 2 (100%)", "not tried" if beside else "100%"]
    assert chat.err.endswith("chat: not every test was tried\n")
    chat.engine = Interrupted(at=3)
    assert chat("prompts", "test", "plain", *beside, "--json") == 130
    report = json.loads(chat.out)
    assert report["complete"] is False
    assert len(report["prompts"][0]["outcomes"]) == 2


def test_ctrl_c_on_the_second_side_keeps_the_first(chat: Chat, tmp_path: Path) -> None:
    write(tmp_path, "plain", PLAIN * 4)
    chat.engine = Interrupted(at=6)
    assert chat("prompts", "test", "plain", "--against", "tiny") == 130
    tests = rows(chat)[:4]
    assert [test[5:7] for test in tests] == [["pass", "pass"], *[["pass", ""]] * 3]


def test_latencies_are_counted_from_when_the_model_is_loaded() -> None:
    trial = Trial("p", 1, PromptTest(input="x", expect=Expectations(min_words=2)), "p")
    clock = iter([10.0, 10.5, 12.0])
    trials = Trials(
        lambda *_: Composed(Question("x"), None, (), Settings()), clock=lambda: next(clock)
    )
    (outcome,) = trials.run(ScriptedEngine(["two words"]), [trial])
    assert (outcome.first_s, outcome.total_s) == (0.5, 2.0)
    assert outcome.passed


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_bar_shows_the_test_in_progress_on_a_terminal_and_nothing_elsewhere() -> None:
    tests = (PromptTest("keeps \x1b[2Jthe year"), PromptTest())
    trials = [Trial("shorter", number, test, "shorter") for number, test in enumerate(tests, 1)]
    screen, pipe = Screen(), io.StringIO()
    for stream in (screen, pipe):
        with progress_bar(stream, trials) as go_on:
            go_on()
    assert "shorter: keeps ␛[2Jthe year" in screen.getvalue()
    assert "shorter: 2" in screen.getvalue()
    assert "1/2" in screen.getvalue()
    assert pipe.getvalue() == ""


def test_the_starter_model_is_tested_for_real(
    tmp_path: Path,
    home: Path,
    starter_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write(
        tmp_path,
        "colour",
        """
        min_pass = 0.5
        params = { grammar = 'root ::= "red" | "green"' }
        [[tests]]
        input = "Which colour has grass?"
        expect = { regex = "^(red|green)$", max_words = 1 }
        [[tests]]
        input = "Which colour has the sky?"
        expect = { contains = "blue" }
        """,
    )
    assert main(["prompts", "test", "colour", "-m", str(starter_path), "--json"]) == 0
    report: dict[str, Any] = json.loads(capfd.readouterr().out)
    right, wrong = report["prompts"][0]["outcomes"]
    assert (right["passed"], right["finish_reason"], right["words"]) == (True, "end", 1)
    assert wrong["failures"] == ["does not say “blue”"]
    assert 0 < right["first_token_s"] <= right["total_s"]
    assert right["prompt_tokens"] > right["completion_tokens"] > 0
