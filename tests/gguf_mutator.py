"""Damages GGUF files where it hurts: a reader that knows what each byte is for, and a mutator.

A mutant is a few runs of bytes written over the file, or the place where it is cut, so that a large
file can be damaged and mended again without a copy. The same seed and number give the same mutant.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal[
    "magic", "version", "count", "length", "key", "type", "number", "text", "dimension", "offset",
    "tensor type", "data",
]  # fmt: skip

_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Bytes of a metadata value, by its type."""
_FLOATS = {6: "<f", 12: "<d"}
_STRING, _ARRAY = 8, 9

_EXTREMES = (0, 1, -1, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1)
_PLAUSIBLE = (0, 1, 2, 3, 5, 7, 8, 16, 31, 33, 64, 127, 256, 1024, 4096, 65_536, 2**20, 2**24)
_PLAUSIBLE_FLOATS = (0.0, -1.0, 1e-30, 1e30, 0.5, 8.0, float("nan"), float("inf"), float("-inf"))

_OTHER_WORDS = {
    "gpt2": ("bert", "rwkv", "GPT2", "none"),
    "llama": ("qwen2", "gemma", "mamba", "bloom", "rwkv7", "lfm2 "),
    "linear": ("yarn\0\0", "none\0\0", "LINEAR"),
    "smollm": ("qwen2\0", "refact", "llama3", "no-one"),
    "default": ("gpt-4o\0", "unknown"),
}
"""What a known value is changed to: something of the same length."""

_TEMPLATE_PARTS = (
    b"{% for x in range(10**9) %}", b"{{ messages[99].content }}", b"{% endfor %}", b"{{ 10**10 }}",
    b"{{ raise_exception('no') }}", b"{{", b"%}", b"\0", b"\xff\xfe", b"{% if false %}", b"{#",
    b"{{ messages }}", b"{% break %}", b"<|im_start|>", b"message['content']*9999999",
)  # fmt: skip

_TEMPLATES = (
    "",
    "Hello",
    "{{ messages }}",
    "{{ messages[0].content }}",
    "{{ messages[0].content * 100000 }}",
    "{{ '<|im_end|>' ~ messages[0].content[::-1] }}",
    "{{ raise_exception('one\ntwo\nthree') }}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{% for a in range(2999) %}<|im_start|>{{ messages[0].content }}{% endfor %}",
    "{{ bos_token ~ eos_token ~ unk_token ~ messages[-1].content ~ nothing.at.all }}",
)
"""What sound ones are replaced by."""

_NOT_FINITE = (0x7FC00000, 0x7F800000, 0xFF800000, 0x7E007E00, 0x7C007C00, 0xFC00FC00)
"""NaN and the infinities, as one 32-bit float or two 16-bit ones."""


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


@dataclass(frozen=True, slots=True)
class Mutant:
    """What is done to a file."""

    name: str
    """What was changed and where, for people."""
    patches: tuple[tuple[int, bytes], ...]
    """Places, and the bytes that are written there."""
    cut: int | None = None
    """The length that is left of the file."""

    def applied(self, data: bytes) -> bytes:
        """A damaged copy."""
        damaged = bytearray(data)
        for start, patch in self.patches:
            damaged[start : start + len(patch)] = patch
        return bytes(damaged[: self.cut])


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
        length, key = self._string("key")
        owner = self._text(key)
        value_type = self._take("type", 4, owner)
        yield from (length, key, value_type)
        kind, count = self._int(value_type), 1
        if kind == _ARRAY:
            element, size = self._take("type", 4, owner), self._take("count", 8, owner)
            yield from (element, size)
            kind, count = self._int(element), self._int(size)
        for _ in range(count):
            if kind == _STRING:
                yield from self._string("text", owner)
            else:
                yield self._take("number", _SIZES[kind], owner, kind)

    def _tensor(self) -> Iterator[Field]:
        length, name = self._string("key")
        owner = self._text(name)
        dimensions = self._take("count", 4, owner)
        yield from (length, name, dimensions)
        for _ in range(self._int(dimensions)):
            yield self._take("dimension", 8, owner)
        yield self._take("tensor type", 4, owner)
        yield self._take("offset", 8, owner)

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

    def _text(self, field: Field) -> str:
        return self._data[field.start : field.end].decode()


def fields(data: bytes) -> list[Field]:
    """What the bytes of a sound GGUF file are for, from front to back."""
    return list(_Reader(data).fields())


class Mutator:
    """Makes mutants of one file."""

    def __init__(self, data: bytes) -> None:
        """Read what is where.

        Args:
            data: A sound GGUF file, whole.
        """
        self._data = data
        self._fields = fields(data)
        self._ways: dict[str, Callable[[random.Random], Mutant]] = {
            "flip": self._flip,
            "extreme": self._extreme,
            "retype": self._retype,
            "cut": self._cut,
            "rename": self._rename,
            "reshape": self._reshape,
            "respell": self._respell,
            "template": self._template,
            "poison": self._poison,
            "plausible": self._plausible,
        }

    def mutant(self, seed: int, number: int, *, cuts: bool = True) -> Mutant:
        """One of endlessly many; neighbours in number are damaged in different ways.

        Args:
            seed: Of all.
            number: Which one.
            cuts: Whether the file may become shorter.
        """
        rng = random.Random(f"{seed} {number}")
        names = [name for name in self._ways if cuts or name != "cut"]
        ways = [names[number % len(names)]]
        while rng.random() < 0.2:
            ways.append(rng.choice(names))
        parts = [self._ways[way](rng) for way in ways]
        limits = [part.cut for part in parts if part.cut is not None]
        return Mutant(
            " + ".join(f"{way} {part.name}" for way, part in zip(ways, parts, strict=True)),
            tuple(patch for part in parts for patch in part.patches),
            min(limits, default=None),
        )

    def _of(self, *kinds: Kind) -> Sequence[Field]:
        return [field for field in self._fields if field.kind in kinds and field.size]

    def _flip(self, rng: random.Random) -> Mutant:
        """Some bits of anything but the data of tensors."""
        head = [field for field in self._fields if field.kind != "data" and field.size]
        field = rng.choice(head)
        places = [rng.randrange(field.start, field.end) for _ in range(rng.choice((1, 1, 2, 8)))]
        patches = [(at, bytes([self._data[at] ^ 1 << rng.randrange(8)])) for at in places]
        return Mutant(_where(field), tuple(patches))

    def _extreme(self, rng: random.Random) -> Mutant:
        """A count, a length or a number at the end of its range."""
        field = rng.choice(self._spread(rng, "count", "length", "number", "version"))
        return _with_number(field, rng.choice(_EXTREMES))

    def _retype(self, rng: random.Random) -> Mutant:
        """A value that says it is of another type, mostly one of the same size."""
        field = rng.choice(self._of("type"))
        now = self._number(field)
        alike = [kind for kind in _SIZES if _SIZES[kind] == _SIZES.get(now) and kind != now]
        others = alike if alike and rng.random() < 0.7 else (*range(14), 255, 2**31)
        return _with_number(field, rng.choice(others))

    def _cut(self, rng: random.Random) -> Mutant:
        """The end is missing, from where one thing ends and another begins, or nearly there."""
        kinds: Sequence[Kind] = ("magic", "count", "key", "type", "number", "offset", "data")
        field = rng.choice(self._spread(rng, *kinds))
        return Mutant(_where(field), (), max(0, field.start + rng.choice((-1, 0, 1, field.size))))

    def _rename(self, rng: random.Random) -> Mutant:
        """A damaged key or name of a tensor."""
        field = rng.choice(self._of("key"))
        return self._scribble(field, rng, (b"\0", b"\n", b"\x1b[2J", b"\xff", b".", b"x", b" \r\n"))

    def _reshape(self, rng: random.Random) -> Mutant:
        """A tensor of another shape or type, or in another place."""
        field = rng.choice(self._of("dimension", "tensor type", "offset"))
        if field.kind == "tensor type":
            return _with_number(field, rng.randrange(-1, 45))
        now = self._number(field)
        near = (now + 1, now - 1, now * 2, now // 2, now + 32, -now)
        return _with_number(field, rng.choice((*near, *_EXTREMES)))

    def _respell(self, rng: random.Random) -> Mutant:
        """Strings of the vocabulary that are no text, no word, or the one of a neighbour."""
        fields = [f for f in self._of("text") if f.owner.startswith("tokenizer.ggml.")]
        parts = []
        for _ in range(rng.choice((1, 3, 50))):
            field = rng.choice(fields)
            if rng.random() < 0.3:
                parts.append(self._twin(field, rng.choice(fields)))
            else:
                parts.append(self._scribble(field, rng, (b"\0", b"\xff", b" ", b"\n", b"\xe2\x96")))
        return Mutant(parts[0].name, tuple(patch for part in parts for patch in part.patches))

    def _template(self, rng: random.Random) -> Mutant:
        """A chat template that is broken, wrong, or does too much."""
        (field,) = (f for f in self._of("text") if f.owner == "tokenizer.chat_template")
        chance = rng.random()
        if chance < 0.3:
            template = rng.choice([each for each in _TEMPLATES if len(each) <= field.size])
            return Mutant(f"{template!r}", ((field.start, template.ljust(field.size).encode()),))
        if chance < 0.5:
            middle = rng.randrange(field.start, field.end)
            turned = self._data[middle : field.end] + self._data[field.start : middle]
            return Mutant(_where(field), ((field.start, turned),))
        return self._scribble(field, rng, _TEMPLATE_PARTS)

    def _poison(self, rng: random.Random) -> Mutant:
        """Weights that are not numbers, or any bytes at all."""
        field = rng.choice(self._of("data"))
        size = min(field.size, rng.choice((4, 64, 4096))) // 4 * 4
        start = field.start + rng.randrange(0, field.size - size + 1, 2)
        word = struct.pack("<I", rng.choice(_NOT_FINITE))
        data = rng.randbytes(size) if rng.random() < 0.3 else word * (size // 4)
        return Mutant(_where(field), ((start, data),))

    def _plausible(self, rng: random.Random) -> Mutant:
        """Another number or word that could be meant, where the model's shape is told."""
        fields = [
            field
            for field in self._spread(rng, "number", "text")
            if self._value(field) in _OTHER_WORDS or field.kind == "number"
        ]
        field = rng.choice(fields)
        if field.kind == "text":
            word = rng.choice(_OTHER_WORDS[self._value(field)])
            return Mutant(f"{_where(field)} = {word!r}", ((field.start, word.encode()),))
        if form := _FLOATS.get(field.value_type):
            number = rng.choice(_PLAUSIBLE_FLOATS)
            return Mutant(
                f"{_where(field)} = {number}", ((field.start, struct.pack(form, number)),)
            )
        now = self._number(field)
        return _with_number(field, rng.choice((now + 1, now - 1, now * 2, now // 2, *_PLAUSIBLE)))

    def _spread(self, rng: random.Random, *kinds: Kind) -> Sequence[Field]:
        """Fields of the kinds, of each owner no more than a few: the vocabulary has thousands."""
        by_owner: dict[str, list[Field]] = {}
        for field in self._of(*kinds):
            by_owner.setdefault(field.owner, []).append(field)
        return [
            field for group in by_owner.values() for field in rng.sample(group, min(3, len(group)))
        ]

    def _scribble(self, field: Field, rng: random.Random, words: Sequence[bytes]) -> Mutant:
        """One of the words written somewhere into a text."""
        word = rng.choice(words)[: field.size]
        at = field.start + rng.randrange(field.size - len(word) + 1)
        return Mutant(f"{_where(field)} = {word!r}", ((at, word),))

    def _twin(self, field: Field, other: Field) -> Mutant:
        """As much of another text as has room."""
        text = self._data[other.start : min(other.end, other.start + field.size)]
        return Mutant(f"{_where(field)} = {text!r}", ((field.start, text),))

    def _number(self, field: Field) -> int:
        return int.from_bytes(self._data[field.start : field.end], "little")

    def _value(self, field: Field) -> str:
        return self._data[field.start : field.end].decode(errors="replace")


def _with_number(field: Field, number: int) -> Mutant:
    data = (number % 2 ** (8 * field.size)).to_bytes(field.size, "little")
    return Mutant(f"{_where(field)} = {number}", ((field.start, data),))


def _where(field: Field) -> str:
    return f"{field.kind} of {field.owner or 'the file'}"
