"""From a request to what its answers are generated with: samplers, outputs, guesses."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from engine.alternative import Plan, Speculation
from engine.beams import BeamOptions
from engine.cursor import Cursor
from engine.errors import Unsupported
from engine.formatting.chatformat import Formatted
from engine.formatting.reasoning import Markers, ReasoningSplitter
from engine.grammars.grammar import Grammar
from engine.kvcache import KvCache
from engine.output import Output
from engine.sampling.sampler import Sampler
from engine.speculate import Costs, Lookup, Pace
from engine.types import Request
from engine.weights import Weights

_MOST_ALTERNATIVES = 16

_LONGEST_SEARCH = 256
"""Tokens of an answer by beam search where no limit is set: it is for short texts."""


class Planner:
    """Plans the answers of one model; learns what its batches take and what its guesses gain."""

    def __init__(self, weights: Weights, cache: KvCache) -> None:
        self.costs = Costs()
        """What batches take on this machine."""
        self._weights = weights
        self._cache = cache
        self._following, self._recalling = Pace(self.costs), Pace(self.costs)

    def check(self, request: Request) -> None:
        """Refuse a request that this model cannot carry out.

        Raises:
            Unsupported: With what it cannot do.
        """
        room = min(_MOST_ALTERNATIVES, self._cache.slots - 2, self._cache.options.batch)
        if not 1 <= request.alternatives <= room:
            raise Unsupported(f"there can be from 1 to {room} alternatives with this model")
        beams = request.sampling.beams
        if beams == 1:
            return
        if request.alternatives > beams:
            raise Unsupported(f"{beams} beams cannot give {request.alternatives} alternatives")
        if 2 * beams > self._cache.slots or beams > self._cache.options.batch:
            raise Unsupported(f"this model has no room for {beams} beams")
        if request.grammar or request.schema or request.banned or request.top_logprobs is not None:
            raise Unsupported("a beam search cannot use a grammar, banned phrases or logprobs")
        if request.sampling.logit_bias or request.sampling.keep:
            raise Unsupported("a beam search cannot use logit_bias or keep")

    def healed(
        self, tokens: Sequence[int], request: Request
    ) -> tuple[Sequence[int], Collection[int] | None, bytes]:
        """The prompt without the last token of a prefill, and what may come in its place.

        A text that ends in the middle of a word ends in tokens that the model has rarely seen
        there; it goes on far better from the token before (token healing).
        """
        healed = self._weights.token_bytes(tokens[-1]) if _heals(request) else b""
        if not healed or len(tokens) < 2:
            return tokens, None, b""
        return tokens[:-1], self._weights.tokens_beginning(healed), healed

    def plan(
        self, request: Request, history: Sequence[int], healing: Collection[int] | None
    ) -> Plan:
        """What the answers have in common.

        Args:
            request: What is asked for.
            history: The prompt's tokens, for penalties.
            healing: As `healed` says.

        Raises:
            GrammarFailed: If the grammar or the schema cannot be used.
        """
        grammar = _grammar(request)
        # What a grammar is for begins with what the assistant has said already.
        said = self._weights.tokenize(request.prefill, special=False) if grammar else []

        def make_sampler(
            index: int, generated: Sequence[int], reasoned: int | None, attempt: int
        ) -> Sampler:
            return Sampler(
                request.sampling_of(index),
                self._weights,
                [*history, *generated[:reasoned]],
                grammar=None if reasoned is None else grammar,
                generated=[] if reasoned is None else [*said, *generated[reasoned:]],
                attempt=attempt,
            )

        return Plan(
            weights=self._weights,
            cache=self._cache,
            make_sampler=make_sampler,
            max_tokens=request.max_tokens,
            top_logprobs=request.top_logprobs,
            healing=healing,
        )

    def outputs(
        self, request: Request, formatted: Formatted, markers: Markers, healed: bytes
    ) -> list[Output]:
        """What makes events of each alternative's tokens."""
        outputs = []
        for index in range(request.alternatives):
            splitter = ReasoningSplitter(
                markers,
                is_open=formatted.reasoning_open,
                has_begun=bool(request.prefill),
            )
            outputs.append(Output(self._weights, request, splitter, index=index, healed=healed))
        return outputs

    def speculation(self, request: Request, prompt: Sequence[int]) -> Speculation | None:
        """What guesses an answer's tokens, or only follows its reference; None where neither is of
        use."""
        is_guessing = request.alternatives == 1 and not request.reproducible and self._cache.can_cut
        if request.reference and (is_guessing or request.sampling.keep):
            return self._following_reference(request, is_guessing=is_guessing)
        if not is_guessing:
            return None
        self._recalling.begin(0)
        return Speculation(Lookup(prompt), self._recalling)

    def _following_reference(self, request: Request, *, is_guessing: bool) -> Speculation:
        draft = self._weights.tokenize(request.reference, special=False)
        said = self._weights.tokenize(request.prefill, special=False)
        cursor = Cursor(
            draft, self._weights.token_bytes, said=said[:-1] if _heals(request) else said
        )
        if is_guessing:
            self._following.begin(len(draft))
        return Speculation(cursor, self._following if is_guessing else None)


def _heals(request: Request) -> bool:
    """Whether the last token of a prefill is written once more."""
    is_free = request.grammar is None and request.schema is None and request.sampling.beams == 1
    return bool(request.prefill) and is_free


def beam_options(request: Request) -> BeamOptions:
    """How a request wants its beams."""
    sampling = request.sampling
    return BeamOptions(
        width=sampling.beams,
        groups=sampling.beam_groups,
        diversity=sampling.beam_diversity,
        alpha=sampling.length_penalty,
        max_tokens=request.max_tokens or _LONGEST_SEARCH,
        stop=tuple(stop.encode(errors="replace") for stop in request.stop if stop),
    )


def _grammar(request: Request) -> Grammar | None:
    if request.grammar is not None:
        return Grammar.from_gbnf(request.grammar)
    return Grammar.from_schema(request.schema) if request.schema is not None else None
