"""What disks and crashes do to the lines of a file, at random."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(slots=True)
class Chunk:
    """Bytes of a file that are a line as it was written, or not any more."""

    data: bytes
    is_sound: bool = True


Harm: TypeAlias = Callable[[list[Chunk], random.Random], list[Chunk]]
"""Does something to lines, but never to the last of them."""


def flip(lines: list[Chunk], chance: random.Random) -> list[Chunk]:
    """One bit of a line, or several."""
    place = chance.randrange(len(lines) - 1)
    data = bytearray(lines[place].data)
    for at in chance.choices(range(len(data)), k=chance.choice([1, 1, 3])):
        data[at] ^= 1 << chance.randrange(8)
    is_sound = data == lines[place].data
    return [*lines[:place], Chunk(bytes(data), is_sound), *lines[place + 1 :]]


def zero(lines: list[Chunk], chance: random.Random) -> list[Chunk]:
    """A part of one line or of several, as of a block that never reached the disk."""
    first = chance.randrange(len(lines) - 1)
    last = chance.randrange(first, len(lines) - 1)
    data = bytearray(b"".join(line.data for line in lines[first : last + 1]))
    start = chance.randrange(len(lines[first].data))
    end = len(data) - chance.randrange(len(lines[last].data))
    data[start:end] = bytes(max(0, end - start))
    damaged = Chunk(bytes(data), is_sound=end <= start)
    return [*lines[:first], damaged, *lines[last + 1 :]]


def remove(lines: list[Chunk], chance: random.Random) -> list[Chunk]:
    """A part of a line, its newline perhaps included."""
    place = chance.randrange(len(lines) - 1)
    data = lines[place].data
    start = chance.randrange(len(data))
    end = chance.randrange(start + 1, len(data) + 1)
    rest = Chunk(data[:start] + data[end:], is_sound=False)
    return [*lines[:place], rest, *lines[place + 1 :]]


def glue(lines: list[Chunk], chance: random.Random) -> list[Chunk]:
    """Two lines by the loss of a newline: both are still there."""
    place = chance.randrange(len(lines) - 1)
    return [*lines[:place], Chunk(lines[place].data[:-1]), *lines[place + 1 :]]


def duplicate(lines: list[Chunk], chance: random.Random) -> list[Chunk]:
    """A line that is written once more."""
    place = chance.randrange(len(lines) - 1)
    again = chance.randrange(place + 1, len(lines))
    return [*lines[:again], lines[place], *lines[again:]]


def interleave(lines: list[Chunk], chance: random.Random) -> list[Chunk]:
    """A line into the middle of another, or both into each other."""
    if len(lines) < 3:
        return flip(lines, chance)
    place = chance.randrange(len(lines) - 2)
    one, other = lines[place], lines[place + 1]
    at = chance.randrange(1, len(one.data))
    before, after = Chunk(one.data[:at], False), Chunk(one.data[at:], False)
    mixed = [before, other, after]
    if chance.random() < 0.5:
        cut = chance.randrange(1, len(other.data))
        halves = Chunk(other.data[:cut], False), Chunk(other.data[cut:], False)
        mixed = [before, halves[0], after, halves[1]]
    return [*lines[:place], *mixed, *lines[place + 2 :]]


HARMS: tuple[Harm, ...] = (flip, zero, remove, glue, duplicate, interleave)


def damaged(data: bytes, chance: random.Random) -> list[Chunk]:
    """The lines of a file after up to three harms, which leave a whole line between them."""
    lines = [Chunk(line + b"\n") for line in data.split(b"\n")[:-1]]
    parts = min(chance.randrange(1, 4), len(lines) // 2)
    size = -(-len(lines) // parts)
    harmed: list[Chunk] = []
    for start in range(0, len(lines), size):
        part = lines[start : start + size]
        harmed += chance.choice(HARMS)(part, chance) if len(part) > 1 else part
    return harmed
