"""One loaded model with everything it takes to answer: formatting, cache, sampling, snapshots."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

from engine.abort import AbortFlag, Cancelled
from engine.decode import Answering, Searching
from engine.errors import TemplateFailed, Unsupported, WorkerFailed
from engine.fingerprint import fingerprint
from engine.formatting.chatformat import ChatFormat, Formatted, plain
from engine.formatting.reasoning import THINK
from engine.keeper import SnapshotKeeper
from engine.kvcache import CacheOptions, KvCache
from engine.load_options import LoadOptions
from engine.planning import Planner, beam_options
from engine.prefill import Reading
from engine.prefix import shared_tokens
from engine.reports import ModelCard
from engine.sampling.logprobs import teacher_forced
from engine.snapshots import SnapshotStore
from engine.types import Event, Message, Notice, Request, TokenScore
from engine.variants import Variants
from engine.weights import Weights


class Inference:
    """Answers with one model. What it has read stays in the cache for the next request."""

    def __init__(
        self, weights: Weights, options: LoadOptions, cache_options: CacheOptions, abort: AbortFlag
    ) -> None:
        """Allocate the cache.

        Args:
            weights: The model.
            options: Its chat template and its snapshots, where they are set.
            cache_options: What the options and the machine come to.
            abort: Ends an evaluation early.

        Raises:
            LoadFailed: If there is no memory for the cache.
        """
        self._weights = weights
        self._options = options
        self._cache = KvCache(weights, cache_options, abort)
        self._fingerprint = fingerprint(weights.path)
        self._keeper = self._snapshot_keeper(cache_options)
        self._format: ChatFormat | None = None
        self.is_formatting = False
        """Whether messages become tokens: of many megabytes that takes long, and it has an end."""
        self._planner = Planner(weights, self._cache)

    def warm_up(self) -> None:
        """Evaluate a whole batch and forget it: some memory is taken only then.

        Raises:
            CannotFit, RuntimeError: If there is none.
        """
        tokens = [0] * min(self._cache.options.batch, self._cache.limit)
        sequence, _ = self._cache.begin(tokens)
        self._cache.extend(sequence, tokens)
        self._cache.drop(sequence)

    def close(self) -> None:
        """Give the cache's memory back; the weights are not ours."""
        self._cache.close()

    def card(self) -> ModelCard:
        """What to tell people about the model."""
        template = self._options.chat_template or self._weights.chat_template
        return replace(
            self._weights.card(self._cache.limit),
            has_chat_template=template is not None,
            fingerprint=self._fingerprint,
            template_sha256=hashlib.sha256(template.encode()).hexdigest() if template else None,
            llama_cpp=version("llama-cpp-python"),
        )

    def count(self, messages: tuple[Message, ...]) -> int:
        """Tokens of the messages.

        Raises:
            TemplateFailed: If the chat template cannot render them.
        """
        return len(self._formatted(Request(messages)).tokens)

    def score(self, messages: tuple[Message, ...], text: str, after: str) -> list[TokenScore]:
        """What the model thinks of a given answer, in one pass over its tokens.

        Raises:
            CannotFit: If messages and text are longer than the context.
            TemplateFailed: If the chat template cannot render the messages.
            WorkerFailed: If it was cancelled.
        """
        given = self._formatted(Request(messages, prefill=after + text)).tokens
        # Where the text begins is seen from another one in its place.
        different = "?" if text[:1] != "?" else "!"
        other = self._formatted(Request(messages, prefill=after + different)).tokens
        begins = shared_tokens(given, other)
        self._recall(given)
        sequence, spelled = self._cache.begin(given[:begins])
        try:
            self._cache.extend(sequence, spelled[len(sequence.tokens) : -1])
            return teacher_forced(self._weights, self._cache, sequence, given[begins - 1 :])
        except Cancelled as error:
            raise WorkerFailed("scoring was cancelled") from error
        finally:
            self._cache.release(sequence)

    def variants(
        self, messages: tuple[Message, ...], text: str, within: float, most: int
    ) -> list[str]:
        """What the model would nearly have answered in place of a text; see `Engine.variants`.

        Raises:
            CannotFit: If messages and text are longer than the context.
            TemplateFailed: If the chat template cannot render the messages.
            Unsupported: If this model cannot take back a part of what it has read.
            WorkerFailed: If it was cancelled.
        """
        if not self._cache.can_cut:
            raise Unsupported("this model cannot try several continuations")
        prompt = self._formatted(Request(messages)).tokens
        draft = self._weights.tokenize(text, special=False)
        self._recall(prompt)
        sequence, spelled = self._cache.begin(prompt)
        try:
            self._cache.extend(sequence, spelled[len(sequence.tokens) : -1])
            found = Variants(self._weights, self._cache, draft).texts(
                sequence, spelled[-1], within, most
            )
        except Cancelled as error:
            raise WorkerFailed("the search for variants was cancelled") from error
        finally:
            self._cache.release(sequence)
        return [variant.decode(errors="replace") for variant in found]

    def answer(self, request: Request) -> Iterator[Event]:
        """The events of a request.

        Raises:
            CannotFit: If the prompt leaves no room for a single token.
            GrammarFailed: If the grammar or the schema cannot be used.
            TemplateFailed: If the chat template cannot render the messages.
            Unsupported: If this model cannot do what the request asks for.
        """
        started = perf_counter()
        self._planner.check(request)
        formatted = self._formatted(request)
        if not formatted.tokens:
            raise Unsupported("the prompt is empty, and this model needs a token to start from")
        for notice in formatted.notices:
            yield Notice(notice)
        tokens, healing, healed = self._planner.healed(formatted.tokens, request)
        self._recall(tokens)
        reading = Reading(
            self._cache,
            tokens,
            self._planner.costs,
            started=started,
            reproducible=request.reproducible,
        )
        reading.leaves_others = request.aside
        plan = self._planner.plan(request, formatted.tokens, healing)
        markers = self._chat_format().markers if request.messages else THINK
        outputs = self._planner.outputs(request, formatted, markers, healed)
        try:
            if request.sampling.beams > 1:
                yield from Searching(plan, reading, outputs, beam_options(request)).events()
            else:
                guessing = partial(self._planner.speculation, request)
                yield from Answering(plan, reading, outputs, guessing).events()
        finally:
            if self._keeper and reading.sequence and not request.aside:
                self._keeper.note(reading.sequence, partial(self._stable_length, request))

    @property
    def has_unsaved(self) -> bool:
        """Whether `save` has something to do."""
        return self._keeper is not None and self._keeper.has_unsaved

    def save(self) -> None:
        """Write snapshots of the last answer's sequence, and of the part that others share."""
        if self._keeper is not None:
            self._keeper.save()

    def _formatted(self, request: Request) -> Formatted:
        self.is_formatting = True
        try:
            if not request.messages:
                return plain(request.prefill, self._weights)
            return self._chat_format().format(
                request.messages, prefill=request.prefill, think=request.think
            )
        finally:
            self.is_formatting = False

    def _chat_format(self) -> ChatFormat:
        if self._format is None:
            template = self._options.chat_template or self._weights.chat_template
            if template is None:
                raise TemplateFailed(
                    f"{self._weights.path.stem} has no chat template: give one with "
                    "--chat-template FILE, or continue plain text with --raw"
                )
            self._format = ChatFormat(template, self._weights)
        return self._format

    def _snapshot_keeper(self, cache: CacheOptions) -> SnapshotKeeper | None:
        if self._options.snapshots is None:
            return None
        key = (
            self._fingerprint,
            f"{cache.kv_type} {cache.flash_attention}",
            version("llama-cpp-python"),
        )
        folder, budget = Path(self._options.snapshots), self._options.snapshot_budget
        store = SnapshotStore(folder, key=key, budget=budget)
        return SnapshotKeeper(store, self._cache, self._weights.spelling)

    def _recall(self, prompt: Sequence[int]) -> None:
        if self._keeper is not None:
            self._keeper.recall(prompt)

    def _stable_length(self, request: Request, tokens: Sequence[int]) -> int:
        """How many of the tokens any other question after the same stable messages begins with."""
        if not request.stable_messages:
            return 0
        stable = request.messages[: request.stable_messages]
        other = self._formatted(Request((*stable, Message("user", "?"))))
        return shared_tokens(tokens, other.tokens)
