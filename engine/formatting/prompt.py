"""One prompt from text to tokens: what is the template's own acts, what people wrote is prose.

As long as the rendering is the template's own text with the contents filled in, and has just the
control tokens of that text, it is tokenized as every other program does it. Otherwise it is
rendered once more, with characters in the contents that no marker has. Then it is certain where the
template's own markers are, and what is between them is tokenized with the real characters back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.formatting.prose import MarkerTokenizer
from engine.formatting.repairs import Accepted, filled
from engine.formatting.templates import ChatTemplate, Refused

_REWRITTEN = "the model's template changes the words of a message"
_NEUTRALISED = (
    "markers in a message got a space inside: the model's template changes the message's words"
)

_PRIVATE = (*range(0xE000, 0xF900), *range(0xF0000, 0xFFFFE))
"""Characters for private use, which no marker has."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a template makes of a conversation, and how an answer to it begins."""

    template: ChatTemplate
    tokenizer: MarkerTokenizer
    accepted: Accepted
    contents: Sequence[str]
    """What each of the accepted messages says."""
    prefixes: Sequence[str]
    """What stands before each of them: the template's own markers, or nothing."""
    ending: str = ""
    """Text of the template's own between its rendering and `prefill`."""
    prefill: str = ""

    def tokenized(self) -> tuple[list[int], tuple[str, ...]]:
        """The token ids, and what a person should know of them.

        Raises:
            Refused: If the template does not take the contents.
        """
        spelled = self.tokenizer.spelled([*self.contents, self.prefill])
        frame, plain = self._frame(), self._plain()
        own = self.tokenizer.markers(self.tokenizer.ids(frame))
        if plain is not None and not spelled and self._is_filled(frame, plain):
            ids = self.tokenizer.ids(plain)
            if self.tokenizer.markers(ids) == own:
                return ids, ()
        return self._veiled(plain, spelled, own)

    def _whole(self, contents: Sequence[str], prefill: str) -> str:
        contents = list(map(str.__add__, self.prefixes, contents))
        messages = filled(self.accepted.messages, contents)
        return self.template.render(messages, self.accepted.call) + self.ending + prefill

    def _plain(self) -> str | None:
        """The rendering, or None where the template refuses what a content says."""
        try:
            return self._whole(self.contents, self.prefill)
        except Refused:
            return None

    def _frame(self) -> str:
        """What is the template's own, with a nonce for each content."""
        return self.accepted.skeleton + self.ending

    def _is_filled(self, frame: str, plain: str) -> bool:
        """Whether the plain rendering is the frame with each content in it, whole or trimmed."""
        by_nonce = dict(zip(self.accepted.nonces, self.contents, strict=True))
        words = [word for word in by_nonce if word.strip()]
        first, *rest = re.split(f"({'|'.join(words)})", frame) if words else [frame]
        if not plain.startswith(first):
            return False
        at = len(first)
        for word, after in zip(rest[::2], rest[1::2], strict=True):
            content = by_nonce[word]
            for form in (content, content.strip(), content.lstrip(), content.rstrip()):
                if plain.startswith(form + after, at):
                    at += len(form) + len(after)
                    break
            else:
                return False
        return plain[at:] == self.prefill

    def _veiled(
        self, plain: str | None, spelled: set[str], own: Sequence[int]
    ) -> tuple[list[int], tuple[str, ...]]:
        """Tokens for contents that spell markers, or that the template does not just fill in."""
        starts = {marker[0] for marker in spelled | self.tokenizer.texts(own)}
        while True:
            veil = _Veil(starts, spelled, [*self.contents, self.prefill])
            text = self._whole([veil.over(content) for content in self.contents], "")
            text += veil.over(self.prefill)
            markers = self.tokenizer.markers(self.tokenizer.ids(text))
            missed = {marker[0] for marker in self.tokenizer.texts(markers)} - starts
            if not missed:
                break
            starts |= missed
        lifted = veil.lift(text)
        if lifted != plain and not all(veil.over(c).strip() in text for c in self.contents):
            return self._neutralised(spelled, own)
        notices = () if _says(lifted, self.contents) else (_REWRITTEN,)
        ids = [] if spelled else self.tokenizer.ids(lifted)
        if spelled or self.tokenizer.markers(ids) != markers:
            try:
                ids = self.tokenizer.apart(text, markers, veil.lift, spelled)
            except ValueError:
                return self._neutralised(spelled, own)
        return ids, notices

    def _neutralised(
        self, spelled: set[str], own: Sequence[int]
    ) -> tuple[list[int], tuple[str, ...]]:
        """Tokens for contents that the template writes in another way: they lose their markers."""
        pattern = _any_of(spelled)

        def neutral(text: str) -> str:
            return pattern.sub(lambda match: f"{match[0][:1]} {match[0][1:]}", text)

        ids = self.tokenizer.ids(
            self._whole([neutral(content) for content in self.contents], neutral(self.prefill))
        )
        if self.tokenizer.markers(ids) != own:
            raise Refused("the model's chat template turns the text into control tokens")
        return ids, (_NEUTRALISED if spelled else _REWRITTEN,)


class _Veil:
    """Private characters in place of those that markers begin with, and of signs inside them."""

    def __init__(self, starts: set[str], spelled: set[str], texts: Sequence[str]) -> None:
        taken = {character for text in texts for character in set(text)}
        free = (character for character in map(chr, _PRIVATE) if character not in taken)
        signs = {sign for sign in set().union(*spelled) if not sign.isalnum()}
        pairs = dict(zip(map(ord, sorted(starts | signs)), free, strict=False))
        self._marker = _any_of(spelled)
        self._hidden = {marker: marker.translate(pairs) for marker in spelled}
        self._starts = {ord(start): pairs[ord(start)] for start in starts}
        self._lift = {ord(there): here for here, there in pairs.items()}

    def over(self, text: str) -> str:
        hidden = self._marker.sub(lambda match: self._hidden[match[0]], text)
        return hidden.translate(self._starts)

    def lift(self, text: str) -> str:
        return text.translate(self._lift)


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Finds the longest of the words, and nothing where there are none."""
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")


def _says(text: str, contents: Iterable[str]) -> bool:
    """Whether all contents stand in the text, spaces and line ends aside."""
    written = "".join(text.split())
    return all("".join(content.split()) in written for content in contents)
