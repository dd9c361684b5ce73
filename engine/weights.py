"""A loaded GGUF file: vocabulary, metadata and chat template, through llama.cpp's C API."""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Callable
from functools import cached_property, lru_cache
from pathlib import Path

from llama_cpp import llama_cpp as ll

from engine.errors import LoadFailed
from engine.load_options import KV_ELEMENT_BYTES, KvType
from engine.machine import memory_limit
from engine.models.finding import model_at
from engine.models.gguf import HalfAFile
from engine.models.summary import whole_header
from engine.native_log import NativeLog
from engine.pages import forget_pages
from engine.reports import ModelCard

_PLACE = re.compile(r"(?<!\S)(\S+) model buffer size")
"""Where tensors are, in llama.cpp's log: in the file as it is mapped, or copied elsewhere. Words
are looked at from their beginning only, as a file can have one of any length logged."""

_TOKENIZERS_ROOM, _TOKENIZERS_SHARE = 256 * 2**20, 1000
"""Bytes that tokenizing may take: in all, and for each byte of the text. It needs about a third."""

_LONG_METADATA = ("tokenizer.ggml.", "tokenizer.chat_template")


class Weights:
    """The model and its vocabulary. One per worker process."""

    def __init__(
        self,
        path: Path,
        *,
        gpu_layers: int,
        log: NativeLog,
        progress: Callable[[float], bool],
    ) -> None:
        """Load the file.

        Args:
            path: A GGUF file.
            gpu_layers: Layers to put on the GPU; negative is all of them.
            log: Where llama.cpp's reasons end up.
            progress: Gets the fraction read; returning False gives up.

        Raises:
            LoadFailed: With llama.cpp's reason where it gave one.
        """
        _check_magic(path)
        self.path = path
        params = ll.llama_model_default_params()
        params.n_gpu_layers = gpu_layers
        self._progress = ll.llama_progress_callback(lambda fraction, _: progress(fraction))
        params.progress_callback = self._progress
        log.clear()
        places: set[str] = set()
        with log.followed(lambda line: places.update(_PLACE.findall(line))):
            model = ll.llama_model_load_from_file(os.fsencode(path), params)
        if not model:
            _check_end(path)
            raise LoadFailed(f"{path.name} cannot be loaded: {log.reason()}")
        if not all(place.endswith("_Mapped") for place in places):
            forget_pages(model_at(path).parts)
        self.model = model
        self.vocab = ll.llama_model_get_vocab(model)
        self.n_vocab: int = ll.llama_vocab_n_tokens(self.vocab)
        self.token_bytes = lru_cache(maxsize=65_536)(self._token_bytes)
        self.tokens_beginning = lru_cache(maxsize=64)(self._tokens_beginning)

    def metadata(self, key: str) -> str | None:
        """A GGUF metadata value as text, or None where the file has none."""
        size = ll.llama_model_meta_val_str(self.model, key.encode(), None, 0)
        if size < 0:
            return None
        buffer = ctypes.create_string_buffer(size + 1)
        ll.llama_model_meta_val_str(self.model, key.encode(), buffer, size + 1)
        return buffer.value.decode(errors="replace")

    @property
    def chat_template(self) -> str | None:
        """The Jinja source of the model's chat template."""
        source = ll.llama_model_chat_template(self.model, None)
        return source.decode(errors="replace") if source else None

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        """Token ids of the text, nothing added in front or behind.

        Args:
            text: Lone surrogates become question marks, as they have no UTF-8 form.
            special: Whether the text of a control token becomes that token.
        """
        data = text.encode(errors="replace")
        room = len(data) + 8
        while True:
            ids = (ll.llama_token * room)()
            # The tokenizers of damaged vocabularies can find token after token in the same place.
            with memory_limit(_TOKENIZERS_ROOM + _TOKENIZERS_SHARE * len(data)):
                count = ll.llama_tokenize(self.vocab, data, len(data), ids, room, False, special)
            if count >= 0:
                return list(ids[:count])
            room = -count

    def _token_bytes(self, token: int) -> bytes:
        """The bytes of a token's text, however long; nothing for a control token."""
        return self._piece(token, special=False)

    def spelling(self, token: int) -> bytes:
        """The bytes of a token that is text; nothing for one that acts, or may act, as a marker."""
        return b"" if self.is_user_defined(token) else self.token_bytes(token)

    def token_text(self, token: int) -> str:
        """How a token is written, control tokens included (``<|im_end|>``)."""
        return self._piece(token, special=True).decode(errors="replace")

    def _piece(self, token: int, *, special: bool) -> bytes:
        room = 64
        while True:
            buffer = ctypes.create_string_buffer(room)
            size = ll.llama_token_to_piece(self.vocab, token, buffer, room, 0, special)
            if size >= 0:
                return buffer.raw[:size]
            room = -size

    def _tokens_beginning(self, data: bytes) -> frozenset[int]:
        """The tokens whose bytes begin with these."""
        return frozenset(t for t, own in enumerate(self._all_bytes) if own.startswith(data))

    @cached_property
    def _all_bytes(self) -> list[bytes]:
        """Every token's bytes: needed only where a text is continued in its middle."""
        return list(map(self._token_bytes, range(self.n_vocab)))

    @cached_property
    def suppressed(self) -> tuple[int, ...]:
        """Tokens never to be generated, by the file's ``tokenizer.ggml.suppress_tokens``."""
        count = ctypes.c_int32()
        tokens = ll.llama_vocab_get_suppress_tokens(self.vocab, ctypes.byref(count))
        return tuple(tokens[: count.value]) if tokens and count.value > 0 else ()

    @cached_property
    def ends(self) -> frozenset[int]:
        """All tokens that end a generation."""
        return frozenset(token for token in range(self.n_vocab) if self.is_end(token))

    def is_end(self, token: int) -> bool:
        """Whether the token ends a generation."""
        return bool(ll.llama_vocab_is_eog(self.vocab, token))

    def is_control(self, token: int) -> bool:
        """Whether the token is one that text cannot spell, unless it is tokenized as special."""
        return bool(ll.llama_vocab_is_control(self.vocab, token))

    def is_user_defined(self, token: int) -> bool:
        """Whether the token is matched in any text before the tokenizer proper sees it."""
        attributes = ll.llama_vocab_get_attr(self.vocab, token)
        return bool(attributes & ll.LLAMA_TOKEN_ATTR_USER_DEFINED)

    @property
    def bos(self) -> int | None:
        """The beginning-of-sequence token that the model wants in front, if it wants one."""
        token: int = ll.llama_vocab_bos(self.vocab)
        return token if token >= 0 and ll.llama_vocab_get_add_bos(self.vocab) else None

    def special_text(self, name: str) -> str:
        """How the ``bos`` or ``eos`` token is written, or nothing where there is none."""
        find = {"bos": ll.llama_vocab_bos, "eos": ll.llama_vocab_eos}[name]
        token = find(self.vocab)
        return self.token_text(token) if token >= 0 else ""

    @property
    def n_layers(self) -> int:
        """Layers that could be put onto a GPU: the repeating ones and the output."""
        count: int = ll.llama_model_n_layer(self.model)
        return count + 1

    def close(self) -> None:
        """Give the memory back. Nothing may use the weights any more."""
        ll.llama_model_free(self.model)

    @property
    def n_ctx_train(self) -> int:
        """The context the model was trained on, in tokens."""
        count: int = ll.llama_model_n_ctx_train(self.model)
        return count

    @property
    def size_bytes(self) -> int:
        """Bytes of the tensors."""
        size: int = ll.llama_model_size(self.model)
        return size

    def kv_bytes_per_token(self, kv_type: KvType) -> int:
        """Bytes that one token takes in a KV cache, all layers together.

        For each element of the key and of the value of every KV head, as ``llama_kv_cache``
        allocates them; the quantized types keep a 16-bit scale for every 32 elements.
        """
        heads: int = ll.llama_model_n_head_kv(self.model)
        layers: int = ll.llama_model_n_layer(self.model)
        architecture = self.metadata("general.architecture") or ""
        default = ll.llama_model_n_embd(self.model) // max(1, ll.llama_model_n_head(self.model))
        lengths = (
            int(self.metadata(f"{architecture}.attention.{part}_length") or default)
            for part in ("key", "value")
        )
        return int(layers * heads * sum(lengths) * KV_ELEMENT_BYTES[kv_type])

    def card(self, n_ctx: int) -> ModelCard:
        """What to tell people about these weights."""
        buffer = ctypes.create_string_buffer(256)
        ll.llama_model_desc(self.model, buffer, len(buffer))
        return ModelCard(
            name=self.path.stem,
            path=self.path,
            description=buffer.value.decode(errors="replace"),
            parameters=ll.llama_model_n_params(self.model),
            size_bytes=self.size_bytes,
            n_ctx=n_ctx,
            n_ctx_train=self.n_ctx_train,
            has_chat_template=self.chat_template is not None,
            metadata=self._all_metadata(),
        )

    def _all_metadata(self) -> dict[str, str]:
        keys = map(self._metadata_key, range(ll.llama_model_meta_count(self.model)))
        return {key: self.metadata(key) or "" for key in keys if not key.startswith(_LONG_METADATA)}

    def _metadata_key(self, index: int) -> str:
        buffer = ctypes.create_string_buffer(256)
        ll.llama_model_meta_key_by_index(self.model, index, buffer, len(buffer))
        return buffer.value.decode(errors="replace")


def _check_end(path: Path) -> None:
    """Say of a file that ends too early what llama.cpp tells in words of its format; of all parts,
    where there are several."""
    try:
        for part in model_at(path).parts:
            whole_header(part)
    except HalfAFile as error:
        raise LoadFailed(f"{error} It is damaged: download or copy it again") from error
    except LoadFailed:
        return  # llama.cpp's reason is as good


def _check_magic(path: Path) -> None:
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise LoadFailed(f"{path} cannot be read: {error.strerror}") from error
    if magic != b"GGUF":
        raise LoadFailed(f"{path.name} is not a GGUF file")
