"""Frames, UTF-8 and stop strings come out whole however the pieces are cut."""

from __future__ import annotations

import pytest

from engine import wire
from engine.detokenize import StopStrings, Utf8Stream
from engine.errors import CannotFit, LoadFailed
from engine.sampling_params import Sampling
from engine.types import Event, Finished, Message, Piece, Reasoning, Request, Timings, Usage

TEXT = "naïve 漢字 👩‍👩‍👧 \ud800 end"


def test_frames_survive_any_cut() -> None:
    frames: list[wire.Frame] = [{"id": 1, "text": TEXT}, {"id": 2}, {"id": 3, "text": ""}]
    data = b"".join(wire.pack(frame) for frame in frames)
    for size in (1, 2, 3, 7, len(data)):
        unpacker = wire.Unpacker()
        found = [
            frame
            for start in range(0, len(data), size)
            for frame in unpacker.feed(data[start : start + size])
        ]
        assert found == frames


@pytest.mark.parametrize(
    "event",
    [
        Piece(TEXT),
        Reasoning(TEXT),
        Finished("error", Usage(3, 2, 1), Timings(0.5, 0.25), "it broke"),
    ],
)
def test_events_come_back_from_the_wire(event: Event) -> None:
    assert wire.decode_event(wire.encode_event(event)) == event


def test_requests_come_back_from_the_wire() -> None:
    request = Request((Message("user", TEXT),), Sampling(temperature=0, seed=7), 12, ("END",))
    assert wire.decode_request(wire.encode_request(request)) == request


def test_errors_come_back_with_their_numbers() -> None:
    error = wire.decode_error(wire.encode_error(CannotFit(9000, 4095)))
    assert isinstance(error, CannotFit)
    assert (error.needed, error.available) == (9000, 4095)
    assert str(wire.decode_error(wire.encode_error(LoadFailed("no")))) == "no"


def test_characters_are_whole_however_the_bytes_are_cut() -> None:
    text = "naïve 漢字 👩‍👩‍👧 end"
    stream = Utf8Stream()
    pieces = [stream.feed(bytes([byte])) for byte in text.encode()]
    assert "".join(pieces) == text
    assert "�" not in "".join(pieces)


def run_stops(stops: list[str], pieces: list[str]) -> tuple[str, bool]:
    filter_ = StopStrings(stops)
    shown = ""
    for piece in pieces:
        text, stopped = filter_.feed(piece)
        shown += text
        if stopped:
            return shown, True
    return shown + filter_.flush(), False


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_a_stop_string_is_found_over_piece_boundaries(size: int) -> None:
    text = "one two END three"
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    assert run_stops(["END", "three"], pieces) == ("one two ", True)


def test_the_beginning_of_a_stop_string_is_shown_when_the_rest_does_not_come() -> None:
    assert run_stops(["\n\nUser:"], ["a\n", "\nUs", "ual"]) == ("a\n\nUsual", False)


def test_the_earliest_of_several_stop_strings_counts() -> None:
    assert run_stops(["later", "now"], ["x now later"]) == ("x ", True)
