"""What each byte of a GGUF file is for: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal[
    "magic", "version", "count", "length", "key", "type", "number", "text", "name", "dimension",
    "tensor type", "offset", "data",
]  # fmt: skip

SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Bytes of a metadata value, by its type."""
STRING, ARRAY = 8, 9


@dataclass(frozen=True, slots=True)
class Field:
    """A run of bytes with one meaning."""

    kind: Kind
    start: int
    size: int
    owner: str = ""
    """The metadata key or the tensor that it belongs to."""
    value_type: int = -1
    """Of a number in the metadata."""

    @property
    def end(self) -> int:
        """Where the next one starts."""
        return self.start + self.size


class _Reader:
    """Reads a sound file's head from front to back; a length beyond the end is an IndexError."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def fields(self) -> Iterator[Field]:
        yield self._take("magic", 4)
        yield self._take("version", 4)
        tensors = self._take("count", 8)
        pairs = self._take("count", 8)
        yield from (tensors, pairs)
        for _ in range(self._int(pairs)):
            yield from self._pair()
        starts = []
        for _ in range(self._int(tensors)):
            *info, offset = self._tensor()
            yield from (*info, offset)
            starts.append((self._int(offset), offset.owner))
        begin = -(-self._at // 32) * 32
        ends = [start for start, _ in starts[1:]] + [len(self._data) - begin]
        for (start, owner), end in zip(starts, ends, strict=True):
            yield Field("data", begin + start, end - start, owner)

    def _pair(self) -> Iterator[Field]:
        length, key = self._named("key")
        owner = key.owner
        value_type = self._take("type", 4, owner)
        yield from (length, key, value_type)
        kind, count = self._int(value_type), 1
        if kind == ARRAY:
            element, size = self._take("type", 4, owner), self._take("count", 8, owner)
            yield from (element, size)
            kind, count = self._int(element), self._int(size)
        for _ in range(count):
            if kind == STRING:
                yield from self._string("text", owner)
            else:
                yield self._take("number", SIZES[kind], owner, kind)

    def _tensor(self) -> Iterator[Field]:
        length, name = self._named("name")
        owner = name.owner
        dimensions = self._take("count", 4, owner)
        yield from (length, name, dimensions)
        for _ in range(self._int(dimensions)):
            yield self._take("dimension", 8, owner)
        yield self._take("tensor type", 4, owner)
        yield self._take("offset", 8, owner)

    def _named(self, kind: Kind) -> tuple[Field, Field]:
        """A key or a name, which belongs to what it names."""
        length, text = self._string(kind)
        owner = self._data[text.start : text.end].decode()
        return replace(length, owner=owner), replace(text, owner=owner)

    def _string(self, kind: Kind, owner: str = "") -> tuple[Field, Field]:
        length = self._take("length", 8, owner)
        return length, self._take(kind, self._int(length), owner)

    def _take(self, kind: Kind, size: int, owner: str = "", value_type: int = -1) -> Field:
        if self._at + size > len(self._data):
            raise IndexError(f"{kind} of {size} bytes at {self._at}")
        field = Field(kind, self._at, size, owner, value_type)
        self._at = field.end
        return field

    def _int(self, field: Field) -> int:
        return int.from_bytes(self._data[field.start : field.end], "little")


def fields(data: bytes) -> list[Field]:
    """What the bytes of a sound GGUF file are for, from front to back."""
    return list(_Reader(data).fields())
