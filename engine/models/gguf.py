"""Reads what a GGUF file says of itself without its weights, whatever is in the file.

llama.cpp would map all of it and aborts over some damaged ones; a list of models must not. Every
count is held against a limit before anything is read or kept. The format is
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from engine.errors import LoadFailed
from engine.models.tensor_types import TENSOR_TYPES

Value: TypeAlias = "int | float | bool | str | tuple[int | float | bool, ...]"

_STRING, _ARRAY = 8, 9
_FORMS: Mapping[int, struct.Struct] = {
    number: struct.Struct(form)
    for number, form in {
        **{0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?"},
        **{10: "<Q", 11: "<q", 12: "<d"},
    }.items()
}
"""Of the values that are numbers, by their type."""

_U32, _U64 = _FORMS[4], _FORMS[10]

_WINDOW = 2**20
"""Bytes that are read at once."""
_MOST_PAIRS, _MOST_TENSORS, _MOST_ITEMS = 2**16, 2**17, 2**23
"""The largest released files have some hundred pairs, some thousand tensors, and less than a
million strings."""
_LONGEST_NAME, _LONGEST_TEXT = 2**16, 2**20
"""Bytes. Longer texts are passed over; the longest chat templates have some ten thousand."""
_LONGEST_ARRAY = 1024
"""Numbers. Longer arrays are passed over; shorter ones have a number for each layer."""
_MOST_DIMENSIONS = 4
_LONGEST_HEADER = 2**29
"""Bytes; a vocabulary of a quarter of a million takes some ten million."""


class HalfAFile(LoadFailed):
    """The file ends before its header says that it does."""


@dataclass(frozen=True, slots=True)
class StringsPlace:
    """Where a file has an array of strings."""

    at: int
    count: int


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the weights."""

    metadata: Mapping[str, Value]
    """Without long arrays."""
    strings: Mapping[str, StringsPlace]
    """Arrays of strings, by their key."""
    tensors: int
    parameters: int
    """Numbers in the tensors."""
    bytes_by_type: Mapping[str, int]
    """Of the tensors, by their type's name."""
    end: int
    """How long the file has to be."""

    def text(self, key: str) -> str | None:
        """A value that is text; None where it is missing or something else."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) else None

    def number(self, key: str) -> int | None:
        """A value that is a whole number; None where it is missing or something else."""
        value = self.metadata.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def numbers(self, key: str) -> tuple[int, ...]:
        """A whole number, or an array of them; nothing where it is missing or something else."""
        value = self.metadata.get(key)
        values = value if isinstance(value, tuple) else (value,)
        whole = tuple(each for each in values if isinstance(each, int))
        return whole if len(whole) == len(values) else ()


def read_header(path: Path) -> Header:
    """Read what stands before the weights.

    Raises:
        LoadFailed: If the file cannot be read, is not GGUF, or says what cannot be.
    """
    try:
        with path.open("rb", buffering=0) as file:
            return _Reader(path.name, file.fileno()).header()
    except OSError as error:
        raise LoadFailed(f"{path} cannot be read: {error.strerror}") from error


def read_strings(path: Path, place: StringsPlace, wanted: set[int]) -> dict[int, str]:
    """Some strings of an array, by their number.

    Raises:
        LoadFailed: As for `read_header`.
    """
    found = {}
    try:
        with path.open("rb", buffering=0) as file:
            reader = _Reader(path.name, file.fileno())
            reader.seek(place.at)
            for number in range(min(place.count, max(wanted, default=-1) + 1)):
                if number in wanted:
                    found[number] = reader.string(_LONGEST_TEXT) or ""
                else:
                    reader.skip_strings(1)
    except OSError as error:
        raise LoadFailed(f"{path} cannot be read: {error.strerror}") from error
    return found


@dataclass(slots=True)
class _Tensors:
    """What is added up of the tensors."""

    parameters: int = 0
    end: int = 0
    bytes_by_type: dict[str, int] = field(default_factory=dict)


class _Reader:
    """Goes through a file's head from front to back, a window at a time."""

    def __init__(self, name: str, fd: int) -> None:
        self._name = name
        self._fd = fd
        self._size = os.fstat(fd).st_size
        self._window = b""
        self._base = self._at = 0
        self._items = 0

    def seek(self, at: int) -> None:
        self._window, self._base, self._at = b"", at, 0

    def header(self) -> Header:
        if self._size < 4 or self._take(4) != b"GGUF":
            raise LoadFailed(f"{self._name} is not a GGUF file")
        version = self._number(_U32)
        if version not in (2, 3):
            raise self._bad(f"is of version {version} of GGUF, which llama.cpp does not read")
        tensors = self._count(_MOST_TENSORS, "tensors")
        pairs = self._count(_MOST_PAIRS, "pairs of metadata")
        metadata: dict[str, Value] = {}
        strings: dict[str, StringsPlace] = {}
        for _ in range(pairs):
            self._pair(metadata, strings)
        found = _Tensors()
        for _ in range(tensors):
            self._tensor(found)
        alignment = metadata.get("general.alignment", 32)
        if not isinstance(alignment, int) or not 0 < alignment <= 2**20:
            raise self._bad(f"says that its alignment is {alignment!r}")
        begin = -(-(self._base + self._at) // alignment) * alignment
        end = begin + found.end if tensors else self._base + self._at
        types = found.bytes_by_type
        return Header(metadata, strings, tensors, found.parameters, types, end)

    def _pair(self, metadata: dict[str, Value], strings: dict[str, StringsPlace]) -> None:
        key = self._text()
        kind = self._number(_U32)
        if kind != _ARRAY:
            value = self._value(kind)
            if value is not None:
                metadata[key] = value
            return
        kind, count = self._number(_U32), self._number(_U64)
        self._items += count
        if self._items > _MOST_ITEMS:
            raise self._bad(f"has {count:,} values under {key}, more than any model")
        if kind == _STRING:
            strings[key] = StringsPlace(self._base + self._at, count)
            self.skip_strings(count)
        elif count <= _LONGEST_ARRAY:
            form = self._form(kind)
            metadata[key] = tuple(self._scalar(form) for _ in range(count))
        else:
            self._skip(self._form(kind).size * count)

    def _value(self, kind: int) -> int | float | bool | str | None:
        if kind == _STRING:
            return self.string(_LONGEST_TEXT)
        return self._scalar(self._form(kind))

    def _form(self, kind: int) -> struct.Struct:
        if kind not in _FORMS:
            raise self._bad(f"has metadata of the unknown type {kind}")
        return _FORMS[kind]

    def _tensor(self, found: _Tensors) -> None:
        self._text()
        dimensions = self._number(_U32)
        if dimensions > _MOST_DIMENSIONS:
            raise self._bad(f"has a tensor of {dimensions} dimensions")
        elements = 1
        for _ in range(dimensions):
            elements *= self._number(_U64)
        kind, offset = self._number(_U32), self._number(_U64)
        found.parameters += elements
        tensor_type = TENSOR_TYPES.get(kind)
        if tensor_type is None:
            raise self._bad(f"has a tensor of type {kind}, which this version does not know")
        size = elements // tensor_type.block * tensor_type.size
        types = found.bytes_by_type
        types[tensor_type.name] = types.get(tensor_type.name, 0) + size
        found.end = max(found.end, offset + size)

    def _text(self) -> str:
        """A key or a name."""
        text = self.string(_LONGEST_NAME)
        if text is None:
            raise self._bad(f"has a name of more than {_LONGEST_NAME:,} bytes")
        return text

    def string(self, longest: int) -> str | None:
        """A string, or None in place of one that is longer."""
        length = self._number(_U64)
        if length > longest:
            self._skip(length)
            return None
        return self._take(length).decode(errors="replace")

    def skip_strings(self, count: int) -> None:
        """Pass over strings; half a million of them are usual, so there is no call for each."""
        window, at = self._window, self._at
        length_of = _U64.unpack_from
        for _ in range(count):
            if at + 8 > len(window):
                self._at = at
                self._refill(8)
                window, at = self._window, self._at
            at += 8 + length_of(window, at)[0]
        self._at = at
        self._refill(0)

    def _count(self, most: int, what: str) -> int:
        count = self._number(_U64)
        if count > most:
            raise self._bad(f"says that it has {count:,} {what}")
        return count

    def _number(self, form: struct.Struct) -> int:
        """A count, a length or a type."""
        return int(self._scalar(form))

    def _scalar(self, form: struct.Struct) -> int | float | bool:
        if self._at + form.size > len(self._window):
            self._refill(form.size)
        number: int | float | bool
        (number,) = form.unpack_from(self._window, self._at)
        self._at += form.size
        return number

    def _take(self, size: int) -> bytes:
        if self._at + size > len(self._window):
            self._refill(size)
        data = self._window[self._at : self._at + size]
        self._at += size
        return data

    def _skip(self, size: int) -> None:
        self._at += size
        self._refill(0)

    def _refill(self, size: int) -> None:
        """Have the next bytes in the window, which may be far behind it."""
        start = self._base + self._at
        if start + size > self._size:
            raise HalfAFile(f"{self._name} ends within its header: half a download?")
        if start > _LONGEST_HEADER:
            raise self._bad("has a header that never ends")
        if self._at + size <= len(self._window):
            return
        self._window = os.pread(self._fd, max(size, _WINDOW), start)
        self._base, self._at = start, 0
        if len(self._window) < size:
            raise self._bad("became shorter while it was being read")

    def _bad(self, what: str) -> LoadFailed:
        return LoadFailed(f"{self._name} {what}")
