"""``chat bench``: what it asks of a model, what it prints, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scripted_chat import Chat
from tiny_gguf import tiny_gguf

from engine.errors import Unsupported
from engine.reports import ModelCard
from engine.scripted import Reply, ScriptedEngine
from engine.types import Event, Request, Usage
from tui.bench_measures import copied
from tui.bench_results import Results, Sample
from tui.bench_texts import DRAFT, log_book

DOCS = Path(__file__).parent.parent / "docs" / "bench.md"

ENDLESS = Reply(" la", endless=True)

FIGURES = {
    "prefill of 128 tokens",
    "decode after 128",
    "decode at depth 256",
    "first token, cold",
    "first token, resumed",
    "first token, branch",
    "edit, unaided",
    "edit, recalling",
    "edit, following",
    "4 answers in turn",
    "4 answers at once",
}


@pytest.fixture
def singer(chat: Chat) -> Chat:
    """A model that never ends an answer."""
    chat.script(ENDLESS)
    return chat


def rows(chat: Chat) -> Mapping[str, list[str]]:
    """The cells of each row that was printed, by its name."""
    lines = (line.split("\t") for line in chat.out.splitlines())
    return {cells[0]: cells[1:] for cells in lines}


def keys(value: object) -> Iterator[str]:
    """Every key of a JSON value, at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def test_the_table_names_the_machine_the_build_and_every_figure(singer: Chat) -> None:
    assert singer("bench", "--quick") == 0
    table = rows(singer)
    assert {"date", "chat", "llama.cpp", "built with", "machine", "cores", "KV type"} <= set(table)
    assert "llama-cpp-python" in table["llama.cpp"][0]
    assert table["model"] == ["tiny"]
    assert set(table) >= FIGURES
    # The scripted engine takes a millisecond for each part of an answer.
    assert table["decode at depth 256"] == ["24,000 tokens/s"]
    assert table["first token, resumed"] == ["0.001 s, 1.00×"]
    assert table["4 answers at once"] == ["92,000 tokens/s, 4.00×"]
    assert table["guesses that came true"] == ["none made: they would not pay"]
    assert singer.err.splitlines() == [
        "chat: tiny: prefill and decoding",
        "chat: tiny: decoding after a long conversation",
        "chat: tiny: going on with a long conversation",
        "chat: tiny: copy-editing a draft",
        "chat: tiny: alternatives",
    ]


def test_samples_are_repeated_and_their_range_is_shown(singer: Chat) -> None:
    assert singer("bench", "--quick", "--repeat", "2") == 0
    assert rows(singer)["decode at depth 256"] == ["24,000 tokens/s (24,000–24,000)"]
    assert singer("bench", "--repeat", "2", "--json") == 0
    (model,) = json.loads(singer.out)["models"]
    for figure in (model["prefill"], model["resume"]["cold"], model["edit"]["followed"]):
        assert len(figure["samples"]) == 2


def test_every_key_of_the_json_is_documented(singer: Chat) -> None:
    assert singer("bench", "--quick", "--json") == 0
    values = json.loads(singer.out)
    documented = set(re.findall(r"`(\w+)`", DOCS.read_text(encoding="utf-8")))
    assert set(keys(values)) <= documented
    assert values["complete"] is True
    assert values["plan"]["depth"] == 256
    (model,) = values["models"]
    assert model["model"]["name"] == "tiny"
    assert model["resume"]["resumed"]["ratio"] == 1
    assert model["skipped"] == {}


def test_what_is_compared_is_asked_alike(singer: Chat) -> None:
    assert singer("bench", "--quick") == 0
    requests = singer.engine.requests
    assert all(request.sampling.temperature == 0 for request in requests)
    edits = [
        request for request in requests if request.messages[-1:] and DRAFT[:40] in str(request)
    ]
    assert [(edit.reproducible, bool(edit.reference)) for edit in edits] == [
        (True, False),
        (False, False),
        (False, True),
    ]
    assert len({(edit.messages, edit.max_tokens) for edit in edits}) == 1
    resumed, cold = [r for r in requests if "number 0" in str(r.messages[-1:])]
    assert resumed.messages == cold.messages
    at_once = [request for request in requests if request.alternatives > 1][-1]
    assert [replace(at_once, alternatives=1)] * 4 == requests[-4:]


def test_the_depth_is_what_was_asked_for_or_what_fits(singer: Chat) -> None:
    assert singer("bench", "--quick", "--depth", "1000", "--json") == 0
    (model,) = json.loads(singer.out)["models"]
    # Twelve words of an answer have begun already.
    assert model["decode_at_depth"]["prompt_tokens"] - 1000 in range(20)
    assert singer("bench", "--quick", "--depth", "128") == 0
    assert {"decode after 128", "decode at depth 128"} <= set(rows(singer))
    singer.script(ENDLESS, n_ctx=512)
    assert singer("bench", "--json") == 0
    assert json.loads(singer.out)["plan"]["depth"] == 256
    assert json.loads(singer.out)["complete"] is True


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--depth", "4096"), 4, "holds 4,096, 176 too many: give a smaller --depth"),
        (("--depth", "10"), 2, "--depth"),
        (("--repeat", "0"), 2, "--repeat"),
        (("-m", "tinny"), 2, "did you mean tiny?"),
        (("--compare", "tinny"), 2, "did you mean tiny?"),
        (("fast",), 2, "fast"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_measured_is_one_line_before_anything_is_asked(
    singer: Chat, arguments: tuple[str, ...], code: int, words: str
) -> None:
    assert singer("bench", "--quick", *arguments) == code
    assert words in singer.err
    assert singer.err.count("\n") == 1
    assert singer.out == ""
    assert singer.engine.requests == []


def test_models_are_put_side_by_side(singer: Chat) -> None:
    (singer.home / "data" / "models" / "other.gguf").write_bytes(b"GGUF")
    assert singer("bench", "--quick", "-m", "tiny", "--compare", "other") == 0
    table = rows(singer)
    assert table["model"] == ["tiny", "other"]
    assert {len(table[name]) for name in FIGURES} == {2}
    assert singer("bench", "--quick", "-m", "tiny", "--compare", "other", "--json") == 0
    models = json.loads(singer.out)["models"]
    assert [model["model"]["name"] for model in models] == ["tiny", "other"]


class Interrupted(ScriptedEngine):
    """Somebody presses Ctrl+C while a certain request is answered."""

    def __init__(self, at: int) -> None:
        super().__init__([ENDLESS])
        self._at = at

    def _events(self, request: Request) -> Generator[Event, None, None]:
        for event in super()._events(request):
            yield event
            if len(self.requests) == self._at:
                signal.raise_signal(signal.SIGINT)
                self._at = 0


def test_ctrl_c_prints_what_was_measured_so_far(chat: Chat) -> None:
    chat.engine = Interrupted(at=5)
    assert chat("bench", "--quick") == 130
    table = rows(chat)
    assert table["decode at depth 256"] == ["24,000 tokens/s"]
    assert not [name for name in table if name.startswith(("first token", "edit", "4 answers"))]
    assert chat.err.endswith("chat: stopped\n")
    assert len(chat.engine.requests) == 5
    chat.engine = Interrupted(at=5)
    assert chat("bench", "--quick", "--json") == 130
    values = json.loads(chat.out)
    assert values["complete"] is False
    assert values["models"][0]["decode"]["median"] == 24_000
    assert values["models"][0]["edit"]["unaided"] is None


def test_ctrl_c_before_anything_is_measured_prints_nothing(chat: Chat) -> None:
    class Impatient(ScriptedEngine):
        def describe(self) -> ModelCard:
            signal.raise_signal(signal.SIGINT)
            return super().describe()

    chat.engine = Impatient([ENDLESS])
    assert chat("bench", "--compare", "tiny") == 130
    assert (chat.out, chat.err) == ("", "chat: stopped\n")


def test_a_model_that_fails_midway_is_exit_1_with_the_figures_so_far(chat: Chat) -> None:
    chat.script(*[ENDLESS] * 4, Reply("", "error", "the engine stopped (SIGSEGV)"))
    assert chat("bench", "--quick") == 1
    assert rows(chat)["decode at depth 256"] == ["24,000 tokens/s"]
    assert chat.err.endswith("chat: the engine stopped (SIGSEGV)\n")


def test_a_model_that_ends_early_is_measured_all_the_same(chat: Chat) -> None:
    chat.script("Two words, no: five.")
    assert chat("bench", "--quick") == 0
    assert rows(chat)["decode at depth 256"] == ["3,000 tokens/s"]
    lengths = [r.max_tokens for r in chat.engine.requests if r.prefill and r.alternatives == 1]
    assert lengths[1:9] == [25, 22, 19, 16, 13, 10, 7, 4]


def test_a_model_that_ends_at_once_is_said_to(chat: Chat) -> None:
    chat.script("")
    assert chat("bench", "--quick") == 0
    table = rows(chat)
    for name in ("decode after 128", "edit, unaided", "4 answers in turn"):
        assert table[name] == ["not measured: the model ends its answers immediately"]
    assert table["first token, branch"] == ["0.001 s, 1.00×"]


def test_what_a_model_cannot_do_is_skipped(chat: Chat) -> None:
    class Alone(ScriptedEngine):
        def stream(self, request: Request) -> Generator[Event, None, None]:
            if request.alternatives > 2:
                raise Unsupported("there can be from 1 to 2 alternatives with this model")
            return super().stream(request)

    chat.engine = Alone([ENDLESS])
    assert chat("bench", "--quick") == 0
    assert "not measured: there can be from 1 to 2" in rows(chat)["4 answers in turn"][0]
    assert "edit, following" in rows(chat)
    assert chat("bench", "--quick", "--json") == 0
    assert "from 1 to 2" in json.loads(chat.out)["models"][0]["skipped"]["alternatives"]


def test_a_model_without_a_chat_template_is_given_a_plain_one(chat: Chat) -> None:
    class Base(ScriptedEngine):
        def describe(self) -> ModelCard:
            return replace(super().describe(), has_chat_template=False)

    chat.engine = Base([ENDLESS])
    assert chat("bench", "--quick") == 0
    assert "message['content']" in (chat.loaded[1].chat_template or "")


def test_configured_load_options_are_used_and_named(singer: Chat) -> None:
    file = singer.home / "config" / "config.toml"
    file.parent.mkdir()
    file.write_text('threads = 1\nkv_type = "q8_0"\nkeep_alive = "10m"\n')
    assert singer("bench", "--quick") == 0
    used = singer.loaded[1]
    assert (used.threads, used.snapshots, used.keep_alive) == (1, None, 0)
    assert rows(singer)["KV type"] == ["q8_0, flash attention auto"]
    assert rows(singer)["cores"][0].endswith(" and 1 threads")


def test_gains_are_medians_over_pairs() -> None:
    results = Results(ScriptedEngine([""]).describe())
    usage = Usage(1, 1)
    for cold, resumed in ((8.0, 2.0), (9.0, 3.0), (10.0, 1.0)):
        results.add("cold", Sample(cold, usage))
        results.add("resumed", Sample(resumed, usage))
    results.add("cold", Sample(1000.0, usage))
    assert results.gain("resumed") == 4
    assert results.gain("together") is None


def test_copied_words_count_in_their_order() -> None:
    assert copied("one two three four", "one two three four") == 1
    assert copied("one two three four", "Sure: one three!") == 0.25
    assert copied("one two three four", "four three two one") == 0.25


def test_log_books_are_as_long_as_asked_and_begin_differently() -> None:
    assert len(log_book(1, 700).split()) == 700
    assert log_book(1, 2) == "Entry 1."
    assert log_book(1000, 2) == "Entry 1000."


@pytest.fixture
def environment(home: Path, tmp_path: Path) -> Mapping[str, str]:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    return {**os.environ, "CHAT_HOME": str(home), "TMPDIR": str(temporary)}


def run(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "chat"), "bench", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_a_model_is_measured_by_processes_that_leave_nothing(
    environment: Mapping[str, str], home: Path, tmp_path: Path
) -> None:
    weights = tmp_path / "tiny.gguf"
    weights.write_bytes(tiny_gguf())
    model = measured(environment, "-m", str(weights))
    check_reuse(model)
    assert model["edit"]["unaided"]["proposed_tokens"] == 0
    assert list((tmp_path / "temporary").iterdir()) == []
    assert not (home / "cache").exists()
    assert [each.name for each in (home / "data").iterdir()] == ["trust"]


@pytest.mark.soak
def test_a_real_model_is_measured(environment: Mapping[str, str]) -> None:
    model = measured(environment)
    check_reuse(model)
    check_edit(model["edit"])


def measured(environment: Mapping[str, str], *arguments: str) -> dict[str, Any]:
    """All figures of a model."""
    done = run(environment, "--quick", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    values = json.loads(done.stdout)
    assert values["complete"] is True
    assert values["machine"]["processor"]
    model: dict[str, Any]
    (model,) = values["models"]
    assert model["skipped"] == {}
    assert model["prefill"]["cached_tokens"] <= 1
    assert model["prefill"]["prompt_tokens"] in range(120, 129)
    assert model["decode"]["completion_tokens"] >= 2
    assert model["alternatives"]["together"]["median"] > 0
    return model


def check_reuse(model: dict[str, Any]) -> None:
    """The cold process had read nothing, the others all but the last question."""
    cold, resumed = model["resume"]["cold"], model["resume"]["resumed"]
    assert cold["cached_tokens"] == 0
    assert cold["prompt_tokens"] == resumed["prompt_tokens"]
    assert resumed["cached_tokens"] > 256
    assert model["branch"]["back"]["cached_tokens"] > resumed["cached_tokens"]


def check_edit(edit: dict[str, Any]) -> None:
    """Nothing was guessed unaided. Whether guessing pays otherwise is the machine's affair."""
    assert edit["unaided"]["proposed_tokens"] == 0
    assert edit["followed"]["accepted_tokens"] <= edit["followed"]["proposed_tokens"]
    assert 0 < edit["followed"]["copied"] <= 1


def test_a_file_that_cannot_be_loaded_is_said_before_anything_is_measured(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"hello")
    done = run(environment, "--compare", str(bad))
    assert (done.returncode, done.stdout) == (1, "")
    assert "not a GGUF file" in done.stderr
    assert done.stderr.count("\n") == 1
