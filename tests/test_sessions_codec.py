"""The bytes of a session: what goes in comes out, and what is damaged is noticed."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from session_samples import attached

from engine.sampling_params import Sampling
from engine.types import Message, Timings, Usage
from sessions import Build, Change, Limits, Rating, Review, Session, TokenLogprob, Turn
from sessions.codec import decode, encode
from sessions.errors import DamagedLine
from sessions.files import sha256_of
from sessions.records import (
    Branch,
    Delete,
    Head,
    Header,
    KnownRecord,
    Partial,
    Redo,
    Restore,
    Title,
    Undo,
    Unknown,
)
from sessions.replay import replay

NOON = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)
FORMAT = Path(__file__).parent.parent / "docs" / "session-format.md"

FULL = Turn(
    "a",
    "q",
    "assistant",
    "Once upon a time",
    datetime(2026, 5, 4, 14, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2))),
    "error",
    examples=(Message("user", "teh"), Message("assistant", "the")),
    prompt="tighten",
    variables={"percent": 20, "ratio": 0.5, "tone": "dry", "strict": True},
    model="SmolLM2",
    sampling=Sampling(temperature=0, seed=7),
    usage=Usage(31, 4, 2, 12, 3),
    timings=Timings(0.25, 1.5),
    error="the worker died",
    logprobs=(
        TokenLogprob("Once", -0.125, (("Once", -0.125), (" \ud800", -7.5))),
        TokenLogprob(" upon", -0.001),
    ),
    continues="b",
    edits=("d", "e"),
    copy_of="c",
)


UNUSUAL = Sampling(
    typical_p=0.5,
    mirostat=2,
    samplers=("top_k",),
    dry_sequence_breakers=("\n",),
    logit_bias={"delve": -100, "sea": 1.5},  # type: ignore[arg-type]
)


def line_of(record: object) -> bytes:
    """A sound line around any JSON, made without the code under test."""
    body = json.dumps(record).encode()
    return b'{"crc":"%08x","r":%s}' % (zlib.crc32(body), body)


def turn_json(**changes: object) -> dict[str, object]:
    time = "2026-05-04T12:00:00.000000Z"
    turn = {"type": "turn", "id": "q", "parent": None, "role": "user", "content": "Hi"}
    return {**turn, "time": time, "status": "complete", **changes}


@pytest.mark.parametrize(
    "record",
    [
        Header(1, "01M855M4W0N3XK3PQB5ZW3H40T", NOON),
        FULL,
        replace(FULL, sampling=UNUSUAL),
        Turn("q", None, "system", "", NOON),
        Turn("s", None, "system", "They talked.", NOON, summarises=("q", "a")),
        Turn("q", None, "user", "Once upon", NOON, raw=True),
        replace(FULL, build=Build("ab12", None, "0.3.36"), limits=Limits(64, ("\n",), think=False)),
        Branch("naïve", "a"),
        Branch("naïve", None),
        Head("a"),
        Undo("a"),
        Undo(None),
        Redo("a"),
        Delete("a"),
        Restore("a"),
        Rating("a", -1, "dry"),
        Rating("a", 0),
        Review("a", ()),
        Review("a", (Change(True), Change(False, (0, 0), (3, 9)), Change(True, (2, 4), None, ""))),
        Title(""),
        Title("Tales", by_model=True),
    ],
)
def test_every_record_comes_back_as_it_was(record: KnownRecord) -> None:
    assert decode(encode(record).removesuffix(b"\n")) == record


@pytest.mark.parametrize(
    "text",
    [
        "naïve — 灯台 🗼",
        "line\nline\r\n\u2028\u0085\x0b",
        "nul \x00 escape \x1b del \x7f",
        "half a character: \ud83d, the other half: \udc00",
        '"}\n{"crc":"00000000","r":{}}',
        "\\ud800 \\n",
    ],
)
def test_every_text_comes_back_on_one_line_of_utf_8(text: str) -> None:
    line = encode(Turn("q", None, "user", text, NOON))
    assert line.count(b"\n") == 1
    line.decode("utf-8")
    decoded = decode(line[:-1])
    assert isinstance(decoded, Turn)
    assert decoded.content == text


def test_a_line_is_laid_out_as_the_format_says() -> None:
    line = encode(Head("a"))
    record = line[22:-2]
    assert line == b'{"crc":"%08x","r":%s}\n' % (zlib.crc32(record), record)
    assert json.loads(line) == {
        "crc": f"{zlib.crc32(record):08x}",
        "r": {"type": "head", "turn": "a"},
    }


def test_times_are_written_as_utc_with_microseconds() -> None:
    assert b'"time":"2026-05-04T12:00:00.123456Z"' in encode(FULL)


def test_logprobs_are_arrays_without_names() -> None:
    assert json.loads(encode(FULL))["r"]["logprobs"] == [
        ["Once", -0.125, [["Once", -0.125], [" \ud800", -7.5]]],
        [" upon", -0.001, []],
    ]


def test_tokens_of_speculation_are_written_where_there_were_any() -> None:
    assert json.loads(encode(FULL))["r"]["usage"]["accepted_tokens"] == 3
    without = json.loads(encode(replace(FULL, usage=Usage(31, 4))))["r"]["usage"]
    assert without == {"prompt_tokens": 31, "completion_tokens": 4, "cached_tokens": 0}


def test_the_example_in_the_format_reads_as_the_format_says() -> None:
    lines = [line for line in FORMAT.read_bytes().splitlines(True) if line.startswith(b'{"crc"')]
    session = read(b"".join(lines))
    question, stopped, second = (
        "01M855M4W0N3XK3PQB5ZW3H40V",
        "01M855M5V8GFFJS76M25SSYHCY",
        "01M855MDN8FP3FSBXF5V3MM3P0",
    )
    assert [turn.id for turn in session.children(question)] == [stopped, second]
    assert session.turns[stopped].content == "The Last Lamp"
    assert (session.head, session.branches) == (stopped, {"first try": stopped})
    assert (session.title, session.damaged_lines) == ("Lighthouse titles", 0)


@pytest.mark.parametrize(
    "unknown",
    [
        {"rating": "+"},
        {"usage": {"prompt_tokens": 1, "completion_tokens": 2, "thought_tokens": 3}},
        {"timings": {"prefill_s": 1, "decode_s": 2, "load_s": 3}},
        {"sampling": {"dry": 0.5}, "nested": {"a": [1, {"b": None}]}},
        {"sampling": {"temperature": 1000.0}},
        {"sampling": {"samplers": ["newer"]}},
        {"sampling": {"logit_bias": {"sea": 1000}}},
        {"build": {"weights": "ab12", "driver": "12.4"}},
        {"limits": {"max_tokens": 64, "pace": 2}},
    ],
)
def test_fields_of_newer_programs_survive_a_round_trip(unknown: Mapping[str, object]) -> None:
    turn = decode(line_of(turn_json(**unknown)))
    assert isinstance(turn, Turn)
    again = json.loads(encode(turn))["r"]
    for name, value in unknown.items():
        if isinstance(value, dict):
            assert again[name].items() >= value.items()
        else:
            assert again[name] == value


def test_an_attached_text_is_no_part_of_the_line_and_comes_back_in_its_place() -> None:
    turn = attached(Turn("q", None, "user", "See: ", NOON), "A letter.", "Another.")
    turn = replace(turn, content=turn.content + " Thanks")
    line = encode(turn)
    assert json.loads(line)["r"]["content"] == "See:  Thanks"
    assert [each["at"] for each in json.loads(line)["r"]["attachments"]] == [5, 5]
    texts = {sha256_of(text): text for text in ("A letter.", "Another.")}
    assert decode(line[:-1], texts.get) == turn
    without = decode(line[:-1])
    assert isinstance(without, Turn)
    missing = "[letter.md is missing]"
    assert without.content == f"See: {missing}{missing} Thanks"
    assert all(part.is_missing for part in without.attachments)
    assert encode(without) == line


def test_settings_are_written_where_they_are_not_the_usual_ones() -> None:
    first = {"temperature", "top_k", "top_p", "min_p", "seed", "repeat_last_n"}
    first |= {"repeat_penalty", "frequency_penalty", "presence_penalty"}

    def written(sampling: Sampling) -> set[str]:
        return set(json.loads(encode(replace(FULL, sampling=sampling)))["r"]["sampling"])

    assert written(Sampling()) == first
    others = {"typical_p", "mirostat", "samplers", "dry_sequence_breakers", "logit_bias"}
    assert written(UNUSUAL) == first | others


def test_records_of_newer_programs_are_not_damage() -> None:
    assert decode(line_of({"type": "weather", "turn": "q"})) == Unknown("weather")


@pytest.mark.parametrize(
    "field",
    [
        *("parent", "examples", "variables", "model", "usage", "error", "logprobs", "raw"),
        *("attachments", "build", "limits", "reasoning", "continues", "edits", "copy_of"),
        "summarises",
    ],
)
def test_null_is_the_same_as_nothing(field: str) -> None:
    without = turn_json()
    without.pop(field, None)
    assert decode(line_of(turn_json(**{field: None}))) == decode(line_of(without))


@pytest.mark.parametrize(
    "record",
    [
        [],
        {},
        {"type": 3},
        {"type": "header", "v": True, "id": "x", "created": "2026-05-04T12:00:00.000000Z"},
        {"type": "head"},
        {"type": "branch", "name": None, "leaf": "q"},
        {"type": "title", "title": 1},
        {"type": "title", "title": "Tales", "by": True},
        {"type": "branch", "name": "a", "leaf": 1},
        *({"type": kind, "turn": 1} for kind in ("undo", "redo", "delete", "restore")),
        *({"type": kind} for kind in ("redo", "delete", "restore", "rating")),
        {"type": "rating", "turn": "q", "rating": 2},
        {"type": "rating", "turn": "q", "rating": 1.0},
        {"type": "rating", "turn": "q", "rating": 1, "note": 1},
        {"type": "review", "turn": "q"},
        {"type": "review", "changes": []},
        {"type": "review", "turn": "q", "changes": {}},
        {"type": "review", "turn": "q", "changes": [True]},
        {"type": "review", "turn": "q", "changes": [{}]},
        {"type": "review", "turn": "q", "changes": [{"taken": 1}]},
        {"type": "review", "turn": "q", "changes": [{"taken": True, "final": 1}]},
        *(
            {"type": "review", "turn": "q", "changes": [{"taken": True, side: span}]}
            for side in ("old", "new")
            for span in (3, [3], [1, 2, 3], [2, 1], [-1, 2], ["a", "b"], [0, 1.5], [False, True])
        ),
        turn_json(attachments=["letter.md"]),
        turn_json(attachments=[{"name": "letter.md", "at": 0}]),
        turn_json(attachments=[{"sha256": "ab", "at": 3}]),
        turn_json(attachments=[{"sha256": "ab", "at": -1}]),
        turn_json(attachments=[{"sha256": "ab", "at": 2}, {"sha256": "ab", "at": 1}]),
        turn_json(build={"weights": 1}),
        turn_json(limits={"max_tokens": "64"}),
        turn_json(limits={"stop": "x"}),
        turn_json(id=None),
        turn_json(parent=3),
        turn_json(role="tool"),
        turn_json(content=["Hi"]),
        turn_json(status="partial"),
        turn_json(status=None),
        turn_json(time="2026-05-04T12:00:00Z"),
        turn_json(time="2026-05-04T12:00:00.000000+02:00"),
        turn_json(time="2026-13-04T12:00:00.000000Z"),
        turn_json(time="yesterday"),
        turn_json(examples=["Hi"]),
        turn_json(examples=[{"role": "user"}]),
        turn_json(variables={"x": [1]}),
        turn_json(sampling={"top_k": 1.5}),
        turn_json(sampling={"temperature": True}),
        turn_json(sampling={"samplers": "top_k"}),
        turn_json(sampling={"logit_bias": [["sea", 1]]}),
        turn_json(usage={"prompt_tokens": 1}),
        turn_json(timings={"prefill_s": "1", "decode_s": 1}),
        turn_json(logprobs={"a": -1}),
        turn_json(logprobs=[["a", -1]]),
        turn_json(logprobs=[["a", -1, None]]),
        turn_json(logprobs=[[1, -1, []]]),
        turn_json(logprobs=[["a", "-1", []]]),
        turn_json(logprobs=[["a", -1, [["b"]]]]),
        turn_json(logprobs=[["a", -1, [["b", True]]]]),
        turn_json(raw=1),
        turn_json(continues=1),
        turn_json(copy_of=["a"]),
        turn_json(edits="a"),
        turn_json(summarises="a"),
        turn_json(summarises=["a", None]),
    ],
    ids=str,
)
def test_a_record_of_the_wrong_shape_is_damage(record: object) -> None:
    with pytest.raises(DamagedLine):
        decode(line_of(record))


@pytest.mark.parametrize(
    "line",
    [
        line_of(turn_json()).replace(b"Hi", b"Ho"),
        line_of(turn_json()) + b" ",
        b" " + line_of(turn_json()),
        line_of(turn_json()) + b"\r",
        line_of(turn_json()).replace(b'"r":', b'"r": '),
        line_of(turn_json()) + line_of(turn_json(id="other")),
        line_of(turn_json())[:-1],
        b"\x00" * 100,
        b'{"crc":"%08x","r":{"a":NaN}}' % zlib.crc32(b'{"a":NaN}'),
        b'{"crc":"%08x","r":{"\xff":1}}' % zlib.crc32(b'{"\xff":1}'),
        b'{"crc":"%08x","r":{%s}}' % (zlib.crc32(b"{%s}" % (b"[" * 99999)), b"[" * 99999),
    ],
    ids=range(11),
)
def test_a_line_that_is_not_exactly_a_record_is_damage(line: bytes) -> None:
    with pytest.raises(DamagedLine):
        decode(line)


def test_a_number_that_json_cannot_express_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        encode(Turn("q", None, "user", "Hi", NOON, variables={"x": float("nan")}))


RECORDS: list[KnownRecord] = [
    Header(1, "01M855M4W0N3XK3PQB5ZW3H40T", NOON),
    Turn("q", None, "user", "Question", NOON),
    Partial(Turn("a", "q", "assistant", "On", NOON, "partial")),
    Turn("a", "q", "assistant", "Once", NOON),
    Head("q"),
    Turn("b", "q", "assistant", "Twice", NOON, "cancelled"),
    Branch("second", "b"),
    Title("Tales"),
    Turn("c", "b", "user", "Thanks", NOON),
]
LINES = [encode(record) for record in RECORDS]
TURNS: dict[str, Turn] = {each.id: each for each in RECORDS if isinstance(each, Turn)}
PARTIAL = next(each.turn for each in RECORDS if isinstance(each, Partial))


def read(data: bytes) -> Session:
    session = Session("01M855M4W0N3XK3PQB5ZW3H40T", NOON)
    replay(session, data)
    return session


def turns_of(lines: list[int]) -> set[str]:
    records = [RECORDS[number] for number in lines]
    return {record.id for record in records if isinstance(record, Turn)}


def test_one_flipped_bit_anywhere_costs_at_most_the_turn_it_hit() -> None:
    data = b"".join(LINES)
    number_of = [number for number, line in enumerate(LINES) for _ in line]
    for offset, number in enumerate(number_of):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[offset] ^= 1 << bit
            session = read(bytes(damaged))
            others = turns_of([other for other in range(len(LINES)) if other != number])
            assert set(session.turns) >= others
            assert session.damaged_lines >= 1
            for turn in session.turns.values():
                assert turn in (TURNS[turn.id], PARTIAL)


def test_lines_glued_together_by_a_lost_newline_are_both_read_and_counted() -> None:
    for number in range(len(LINES) - 1):
        glued = [*LINES[:number], LINES[number][:-1], *LINES[number + 1 :]]
        session = read(b"".join(glued))
        assert session.turns == TURNS
        assert session.damaged_lines == 1


def test_zeros_in_the_middle_of_a_file_cost_what_they_cover() -> None:
    session = read(b"".join([*LINES[:5], b"\x00" * len(LINES[5]), *LINES[6:]]))
    assert set(session.turns) == {"q", "a", "c"}
    assert session.damaged_lines == 1
    assert session.has_gap("c")
    assert session.branches == {}


def test_a_repeated_turn_means_nothing_and_a_different_one_is_damage() -> None:
    assert read(b"".join([*LINES, LINES[1], LINES[5]])) == read(b"".join(LINES))
    forged = encode(Turn("a", None, "assistant", "Forged", NOON))
    session = read(b"".join([*LINES, forged]))
    assert session.turns["a"].content == "Once"
    assert session.damaged_lines == 1


def test_the_newest_version_of_several_headers_counts() -> None:
    assert not read(b"".join(LINES)).read_only
    assert read(b"".join([*LINES, encode(Header(2, "x", NOON)), LINES[0]])).read_only


def test_empty_lines_mean_nothing() -> None:
    assert read(b"\n\n".join(LINES)) == read(b"".join(LINES))


def test_the_head_is_whatever_came_last() -> None:
    assert read(b"".join(LINES[:4])).head == "a"
    assert read(b"".join(LINES[:5])).head == "q"
    assert read(b"".join(LINES[:6])).head == "b"
    assert read(b"".join(LINES[:6]) + encode(Head("lost"))).head == "b"


def test_a_partial_after_its_whole_turn_changes_nothing() -> None:
    session = read(b"".join([*LINES[:2], LINES[3], LINES[2]]))
    assert session.turns["a"] == TURNS["a"]
    assert session.damaged_lines == 0
