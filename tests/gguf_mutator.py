"""Damages GGUF files where it hurts.

A mutant is a few runs of bytes written over the file, and perhaps the length that is left of it.
One that keeps the length can be taken back, so that a large file needs no copies. The same seed and
number give the same mutant.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gguf_fields import SIZES, STRING, Field, Kind, fields

_FLOATS = {6: "<f", 12: "<d"}

_EXTREMES = (0, 1, -1, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1)
_PLAUSIBLE = (0, 1, 2, 3, 5, 7, 8, 16, 31, 33, 64, 127, 256, 1024, 4096, 65_536, 2**20, 2**24)
_PLAUSIBLE_FLOATS = (0.0, -1.0, 1e-30, 1e30, 0.5, 8.0, float("nan"), float("inf"), float("-inf"))

_WORDS = {
    "general.architecture": ("qwen2", "gemma3", "mamba", "bert", "t5", "clip", "rwkv7", "X", ""),
    "general.name": ("", "\x1b[2J\n", "x" * 70_000),
    "llama.rope.scaling.type": ("yarn", "longrope", "none", "Linear", ""),
    "tokenizer.ggml.model": ("gpt2", "llama", "bert", "t5", "rwkv", "plamo2", "no_vocab", "X", ""),
    "tokenizer.ggml.pre": ("llama-bpe", "qwen2", "tekken", "chatglm-bpe", "gemma4", "X", ""),
}
"""What the value of a key is changed to."""

_ABSENT = (
    "llama.attention.causal", "llama.attention.clamp_kqv", "llama.attention.max_alibi_bias",
    "llama.attention.scale", "llama.attention.sliding_window", "llama.expert_count",
    "llama.expert_used_count", "llama.leading_dense_block_count", "llama.logit_scale",
    "llama.nextn_predict_layers", "llama.pooling_type", "llama.rope.freq_base_swa",
    "llama.rope.scaling.original_context_length", "split.count", "split.no",
    "tokenizer.ggml.add_eos_token", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.mask_token_id",
    "tokenizer.ggml.prefix_token_id", "tokenizer.ggml.suppress_tokens", "x" * 5000,
)  # fmt: skip
"""Keys that are put in."""

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

_OTHER_LENGTH = ("cut", "rewrite")

_NOT_FINITE = (0x7FC00000, 0x7F800000, 0xFF800000, 0x7E007E00, 0x7C007C00, 0xFC00FC00)
"""NaN and the infinities, as one 32-bit float or two 16-bit ones."""


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
            "rewrite": self._rewrite,
        }

    def mutant(self, seed: int, number: int, *, in_place: bool = False) -> Mutant:
        """One of endlessly many; neighbours in number are damaged in different ways.

        Args:
            seed: Of all.
            number: Which one.
            in_place: Whether the file must keep its length.
        """
        rng = random.Random(f"{seed} {number}")
        names = [name for name in self._ways if not (in_place and name in _OTHER_LENGTH)]
        ways = [names[number % len(names)]]
        # A file that was rewritten has nothing in its old place.
        while ways[0] != "rewrite" and rng.random() < 0.2:
            ways.append(rng.choice([name for name in names if name != "rewrite"]))
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
        alike = [kind for kind in SIZES if SIZES[kind] == SIZES.get(now) and kind != now]
        others = alike if alike and rng.random() < 0.7 else (*range(14), 255, 2**31)
        return _with_number(field, rng.choice(others))

    def _cut(self, rng: random.Random) -> Mutant:
        """The end is missing, from where one thing ends and another begins, or nearly there."""
        kinds: Sequence[Kind] = ("magic", "count", "key", "type", "number", "name", "data")
        field = rng.choice(self._spread(rng, *kinds))
        return Mutant(_where(field), (), max(0, field.start + rng.choice((-1, 0, 1, field.size))))

    def _rename(self, rng: random.Random) -> Mutant:
        """A damaged key or name of a tensor."""
        field = rng.choice(self._of("key", "name"))
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
        """Another number that could be meant, where the model's shape is told."""
        field = rng.choice(self._spread(rng, "number"))
        if form := _FLOATS.get(field.value_type):
            number = rng.choice(_PLAUSIBLE_FLOATS)
            data = struct.pack(form, number)
            return Mutant(f"{_where(field)} = {number}", ((field.start, data),))
        now = self._number(field)
        return _with_number(field, rng.choice((now + 1, now - 1, now * 2, now // 2, *_PLAUSIBLE)))

    def _rewrite(self, rng: random.Random) -> Mutant:
        """A file that is whole, with a pair of metadata left out, put in, or of another size."""
        keys, names = self._of("key"), self._of("name")
        starts = [field.start - 8 for field in (*keys, names[0])]
        ends = dict(zip(keys, starts[1:], strict=False))
        way = rng.choice(("drop", "put", "say"))
        if way == "say":
            field = rng.choice([each for each in keys if each.owner in _WORDS])
            said = rng.choice(_WORDS[field.owner])
            pair = _string(field.owner) + struct.pack("<I", STRING) + _string(said)
            return self._rewritten(field, ends[field], pair, f"say {field.owner} = {said[:20]!r}")
        field = rng.choice(keys)
        if way == "drop":
            return self._rewritten(field, ends[field], b"", f"drop {field.owner}")
        key, kind = rng.choice(_ABSENT), rng.choice((4, 4, 6, 7, STRING))
        number = rng.choice((*_PLAUSIBLE, *_EXTREMES)) % 2**32
        data = _string("?") if kind == STRING else struct.pack("<I", number)[: SIZES[kind]]
        pair = _string(key) + struct.pack("<I", kind) + data
        name = f"put {key[:50]}, type {kind} = {number}"
        return self._rewritten(field, field.start - 8, pair, name)

    def _rewritten(self, key: Field, end: int, pair: bytes, name: str) -> Mutant:
        """The file with other bytes from a pair's start to the given end."""
        start, begin = key.start - 8, self._of("data")[0].start
        head = self._data[:start] + pair + self._data[end:begin]
        more = bool(pair) - (end > start)
        count = int.from_bytes(head[16:24], "little") + more
        head = head[:16] + struct.pack("<Q", count) + head[24:]
        whole = head + bytes(-len(head) % 32) + self._data[begin:]
        return Mutant(name, ((0, whole),), len(whole))

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


def _with_number(field: Field, number: int) -> Mutant:
    data = (number % 2 ** (8 * field.size)).to_bytes(field.size, "little")
    return Mutant(f"{_where(field)} = {number}", ((field.start, data),))


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _where(field: Field) -> str:
    return f"{field.kind} of {field.owner or 'the file'}"
