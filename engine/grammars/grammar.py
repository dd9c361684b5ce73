"""What an answer must follow: a grammar, from GBNF or a JSON Schema, and how far it has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llama_cpp import llama_cpp as ll

from engine.errors import GrammarFailed
from engine.grammars.gbnf import fail_at, read
from engine.grammars.schema import schema_to_gbnf
from engine.grammars.structure import ROOT, check
from engine.sampling.candidates import Candidates, Logits, allows
from engine.weights import Weights


@dataclass(frozen=True, slots=True)
class Grammar:
    """A grammar that llama.cpp can follow."""

    text: str
    """In GBNF."""
    tokens: tuple[tuple[str, int], ...] = ()
    """The tokens that it names, and where in the text: only a model knows whether they exist."""

    @classmethod
    def from_gbnf(cls, text: str) -> Grammar:
        """Check a grammar in GBNF.

        Raises:
            GrammarFailed: If it cannot be used; with line and column, where one place is at fault.
        """
        syntax = read(text)
        doubt = check(syntax)
        if not syntax.tokens:
            ll.llama_sampler_free(_native(text, None, doubt))
        return cls(text, tuple(syntax.tokens))

    @classmethod
    def from_schema(cls, text: str) -> Grammar:
        """The grammar of all JSON that fits a JSON Schema, itself given as JSON.

        Raises:
            GrammarFailed: If it is not JSON, with line and column, or has parts that a grammar
                cannot keep to, with the place as a JSON pointer.
        """
        grammar = schema_to_gbnf(text)
        try:
            return cls.from_gbnf(grammar)
        except GrammarFailed as error:
            # Nobody has seen the grammar, so its lines mean nothing.
            reason = str(error).partition(": ")[2] or error
            raise GrammarFailed(f"the schema cannot be turned into a grammar: {reason}") from error


def _native(
    text: str, vocabulary: ll.llama_vocab_p | None, doubt: str | None = None
) -> ll.llama_sampler_p:
    sampler = ll.llama_sampler_init_grammar(vocabulary, text.encode(), ROOT.encode())
    if not sampler:
        raise GrammarFailed(doubt or "llama.cpp rejects the grammar without giving a reason")
    return sampler


class GrammarState:
    """How far an answer has followed its grammar."""

    def __init__(self, grammar: Grammar, weights: Weights, generated: Sequence[int]) -> None:
        """Begin, and go on to the end of what is there.

        Args:
            grammar: What to follow.
            weights: Whose tokens.
            generated: The tokens of the answer so far.

        Raises:
            GrammarFailed: If it names tokens that the model does not have, or `generated` does not
                follow it.
        """
        for name, place in grammar.tokens:
            if name[:2] != "<[" and len(weights.tokenize(name, special=True)) != 1:
                fail_at(grammar.text, place, f"the model has no token {name}")
        self._weights = weights
        self._names_tokens = bool(grammar.tokens)
        self._handle = _native(grammar.text, weights.vocab)
        for token in generated:
            if not self.allows(token):
                self.close()
                raise GrammarFailed("the beginning of the answer does not follow the grammar")
            self.accept(token)

    def allows(self, token: int) -> bool:
        """Whether the token can come next; one that ends the answer only where it is complete."""
        if not self._names_tokens and self._is_unseen(token):
            return False
        return allows(self._handle, token)

    def restrict(self, candidates: Candidates, logits: Logits) -> None:
        """Lower the logits of tokens that cannot come next to -∞."""
        candidates.restrict(self._handle, logits)

    def accept(self, token: int) -> None:
        """Go on by a token that `allows` has let pass: llama.cpp aborts at any other."""
        ll.llama_sampler_accept(self._handle, token)

    def close(self) -> None:
        """Free what llama.cpp holds; a second time does nothing."""
        ll.llama_sampler_free(self._handle)
        self._handle = None

    def _is_unseen(self, token: int) -> bool:
        """Whether nobody would see the token. llama.cpp takes ``<|im_start|>`` for the text that it
        is written as, though as a control token it is none."""
        return not self._weights.token_bytes(token) and not self._weights.is_end(token)
