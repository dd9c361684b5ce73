"""A GGUF file small enough to be written, damaged and loaded by the thousand.

Its llama has two layers and random weights: what it says is noise, but everything that a real file
has is there, a vocabulary of bytes, merges and markers and a chat template included. The format is
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

Value: TypeAlias = int | float | bool | str | Sequence[int] | Sequence[float] | Sequence[str]
Family: TypeAlias = Literal["bpe", "sentencepiece"]
Tensor: TypeAlias = tuple[str, tuple[int, ...], int, bytes]
"""Name, shape, type and bytes. A shape is told as llama.cpp does: the length of a row first."""

_ALIGNMENT = 32

_U16, _U32, _I32, _F32, _BOOL, _STRING, _ARRAY = 2, 4, 5, 6, 7, 8, 9
"""Types of metadata values."""
_TENSOR_F32, _TENSOR_F16, _TENSOR_Q8_0 = 0, 1, 8
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6
"""Types of tokens."""

_LAYERS, _EMBEDDING, _HEADS, _KV_HEADS, _FEED_FORWARD = 2, 64, 4, 2, 96
_KEYS = _EMBEDDING // _HEADS

_WORDS = ("the", "keeper", "lit", "lamp", "and", "down", "to", "sea", "Hello", "user", "assistant")
_MARKERS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
_SPACE = "\u2581"
"""How SentencePiece writes a space."""

TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def tiny_gguf(
    family: Family = "bpe", *, seed: int = 0, changed: Mapping[str, Value] | None = None
) -> bytes:
    """The file; the same arguments give the same bytes.

    Args:
        family: Of the vocabulary.
        seed: Of the weights.
        changed: Metadata in place of the usual.
    """
    vocabulary = _bpe() if family == "bpe" else _sentencepiece()
    tokens = vocabulary["tokenizer.ggml.tokens"]
    assert isinstance(tokens, list)
    metadata = {**_model(len(tokens)), **vocabulary, **_markers(tokens), **(changed or {})}
    tensors = list(_tensors(random.Random(seed), len(tokens)))
    return _file([_pair(*pair) for pair in metadata.items()], tensors)


def split_gguf(count: int) -> list[bytes]:
    """The same model in so many files, as ``llama-gguf-split`` makes them."""
    vocabulary = _bpe()
    tokens = vocabulary["tokenizer.ggml.tokens"]
    assert isinstance(tokens, list)
    metadata = {**_model(len(tokens)), **vocabulary, **_markers(tokens)}
    tensors = list(_tensors(random.Random(0), len(tokens)))
    share = -(-len(tensors) // count)
    files = []
    for number in range(count):
        pairs = [_pair(*pair) for pair in metadata.items()] if number == 0 else []
        for key, value in (("split.no", number), ("split.count", count)):
            pairs.append(_string(key) + struct.pack("<IH", _U16, value))
        pairs.append(_string("split.tensors.count") + struct.pack("<Ii", _I32, len(tensors)))
        files.append(_file(pairs, tensors[number * share : (number + 1) * share]))
    return files


def _file(pairs: Sequence[bytes], tensors: Sequence[Tensor]) -> bytes:
    infos, data = b"", b""
    for name, shape, kind, content in tensors:
        numbers = struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, len(data))
        infos += _string(name) + numbers
        data += content + bytes(-len(content) % _ALIGNMENT)
    counts = struct.pack("<IQQ", 3, len(tensors), len(pairs))
    head = b"GGUF" + counts + b"".join(pairs) + infos
    return head + bytes(-len(head) % _ALIGNMENT) + data


def _model(n_vocab: int) -> Mapping[str, Value]:
    return {
        "general.architecture": "llama",
        "general.name": "Tiny",
        "general.alignment": _ALIGNMENT,
        "general.quantization_version": 2,
        "llama.context_length": 512,
        "llama.embedding_length": _EMBEDDING,
        "llama.block_count": _LAYERS,
        "llama.feed_forward_length": _FEED_FORWARD,
        "llama.vocab_size": n_vocab,
        "llama.rope.dimension_count": _KEYS,
        "llama.rope.freq_base": 10000.0,
        "llama.rope.scaling.type": "linear",
        "llama.rope.scaling.factor": 1.0,
        "llama.attention.head_count": _HEADS,
        "llama.attention.head_count_kv": _KV_HEADS,
        "llama.attention.key_length": _KEYS,
        "llama.attention.value_length": _KEYS,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
    }


def _markers(tokens: Sequence[str]) -> Mapping[str, Value]:
    return {
        "tokenizer.ggml.bos_token_id": tokens.index("<|im_start|>"),
        "tokenizer.ggml.eos_token_id": tokens.index("<|im_end|>"),
        "tokenizer.ggml.unknown_token_id": tokens.index("<|endoftext|>"),
        "tokenizer.ggml.padding_token_id": tokens.index("<|im_end|>"),
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.ggml.add_space_prefix": False,
        "tokenizer.chat_template": TEMPLATE,
    }


def _bpe() -> dict[str, Value]:
    """The markers, every byte as GPT-2 writes it, and what the merges make."""
    letters = {byte: chr(byte) for byte in [*range(33, 127), *range(161, 173), *range(174, 256)]}
    others = [byte for byte in range(256) if byte not in letters]
    letters |= {byte: chr(256 + number) for number, byte in enumerate(others)}
    tokens = [*_MARKERS, *letters.values()]
    merges = []
    for beginning in _beginnings(letters[ord(" ")]):
        merges.append(f"{beginning[:-1]} {beginning[-1]}")
        tokens.append(beginning)
    return {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "smollm",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [_CONTROL] * 3 + [_NORMAL] * (len(tokens) - 3),
        "tokenizer.ggml.merges": merges,
    }


def _sentencepiece() -> dict[str, Value]:
    """The markers, a token for each byte, and the pieces of words, the longer the likelier."""
    data = [f"<0x{byte:02X}>" for byte in range(256)]
    letters = sorted({_SPACE, *"".join(_WORDS)})
    pieces = letters + _beginnings(_SPACE)
    return {
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.pre": "default",
        "tokenizer.ggml.tokens": [*_MARKERS, *data, *pieces],
        "tokenizer.ggml.scores": [0.0] * (3 + 256) + [float(len(piece)) for piece in pieces],
        "tokenizer.ggml.token_type": [
            _UNKNOWN, _CONTROL, _CONTROL, *[_BYTE] * 256, *[_NORMAL] * len(pieces)
        ],
    }  # fmt: skip


def _beginnings(space: str) -> list[str]:
    """What words begin with, at least two letters, the shorter ones first."""
    forms = [form for word in _WORDS for form in (word, space + word)]
    return list(dict.fromkeys(form[:end] for form in forms for end in range(2, len(form) + 1)))


def _tensors(rng: random.Random, n_vocab: int) -> Iterator[Tensor]:
    yield _matrix(rng, "token_embd.weight", _EMBEDDING, n_vocab, _TENSOR_F16)
    yield _norm("output_norm.weight")
    keys = _KEYS * _KV_HEADS
    for layer in range(_LAYERS):
        block = f"blk.{layer}."
        yield _norm(f"{block}attn_norm.weight")
        yield _matrix(rng, f"{block}attn_q.weight", _EMBEDDING, _EMBEDDING, _TENSOR_F32)
        yield _matrix(rng, f"{block}attn_k.weight", _EMBEDDING, keys, _TENSOR_F16)
        yield _matrix(rng, f"{block}attn_v.weight", _EMBEDDING, keys, _TENSOR_Q8_0)
        yield _matrix(rng, f"{block}attn_output.weight", _EMBEDDING, _EMBEDDING, _TENSOR_Q8_0)
        yield _norm(f"{block}ffn_norm.weight")
        yield _matrix(rng, f"{block}ffn_gate.weight", _EMBEDDING, _FEED_FORWARD, _TENSOR_Q8_0)
        yield _matrix(rng, f"{block}ffn_up.weight", _EMBEDDING, _FEED_FORWARD, _TENSOR_Q8_0)
        yield _matrix(rng, f"{block}ffn_down.weight", _FEED_FORWARD, _EMBEDDING, _TENSOR_Q8_0)


def _norm(name: str) -> Tensor:
    ones = struct.pack(f"<{_EMBEDDING}f", *[1.0] * _EMBEDDING)
    return name, (_EMBEDDING,), _TENSOR_F32, ones


def _matrix(rng: random.Random, name: str, width: int, rows: int, kind: int) -> Tensor:
    count = width * rows
    if kind == _TENSOR_Q8_0:
        scale = struct.pack("<e", 0.002)
        data = b"".join(scale + rng.randbytes(32) for _ in range(count // 32))
    else:
        numbers = (rng.uniform(-0.3, 0.3) for _ in range(count))
        data = struct.pack(f"<{count}{'f' if kind == _TENSOR_F32 else 'e'}", *numbers)
    return name, (width, rows), kind, data


def _pair(key: str, value: Value) -> bytes:
    return _string(key) + _typed(value)


def _typed(value: Value) -> bytes:
    """A value with its type in front."""
    if isinstance(value, bool):
        return struct.pack("<I?", _BOOL, value)
    if isinstance(value, int):
        return struct.pack("<II", _U32, value)
    if isinstance(value, float):
        return struct.pack("<If", _F32, value)
    if isinstance(value, str):
        return struct.pack("<I", _STRING) + _string(value)
    kind, form = {str: (_STRING, ""), int: (_I32, "<i"), float: (_F32, "<f")}[type(value[0])]
    items = [_string(item) if isinstance(item, str) else struct.pack(form, item) for item in value]
    return struct.pack("<IIQ", _ARRAY, kind, len(items)) + b"".join(items)


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data
