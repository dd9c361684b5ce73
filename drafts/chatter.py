"""Takes from a model's answer what is certainly no part of the text: greetings, fences, remarks.

Nothing is taken that resembles words of the original, because a story may well begin with "Sure,
here it is:" and end with "Let me know."
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

from drafts.sentences import sentences
from drafts.words import Span

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+(?:['’][^\W_]+)*")
END_MARKER = re.compile(
    r"(?:<\|\w{2,40}\|>"
    r"|</s>|<eos>|<end_of_turn>|<start_of_turn>|\[/?INST\])"
)
_LAST_MARKER = re.compile(rf"\s*({END_MARKER.pattern})\s*\Z")
_REASONING = re.compile(r"\A\s*<(think|thinking|reasoning)>.*?</\1>\s*", re.DOTALL)
_TAG = re.compile(r"\A\s*<([A-Za-z][\w-]{0,30})>\n?(.*?)\n?</\1>\s*\Z", re.DOTALL)
_FENCE = re.compile(r"[ \t]*(?:`{3,}|~{3,})[ \t]*[\w-]*\s*\Z")
_QUOTED = re.compile(r'\A\s*(?:"([^"]+)"|“([^“”]+)”|«\s?([^«»]+?)\s?»|„([^„“]+)“)\s*\Z')
_RULES = re.compile(r"\n(?:-{3,}|\*{3,}|_{3,})\Z|\A(?:-{3,}|\*{3,}|_{3,})[ \t]*\n")

_GREETING = (
    r"sure|certainly|of course|absolutely|okay|ok|great|understood|got it|no problem|as requested"
    r"|gerne?|natürlich|klar|selbstverständlich|bien sûr|d'accord|claro|por supuesto|certo"
    r"|certamente|zeker|natuurlijk|конечно|当然|好的|もちろん|承知"
)
_HERE = (
    r"here(?:['’]s| is| are| you go)|below is|this is (?:the|your|my)|hier ist|hier sind|voici"
    r"|aquí (?:está|tienes)|aqui (?:está|vai)|ecco|hier is|вот|以下是|以下は|这是"
)
_THE_TEXT = (
    r"(?:my |your |the |a )?(?:corrected|revised|edited|improved|proofread|rewritten|polished"
    r"|updated|tightened|fixed|shortened|final|output|korrigierte\w*|überarbeitete\w*)"
    r"(?: (?:text|version|paragraph|sentence|passage|draft|fassung|output))?"
)
REPLY = re.compile(
    rf"\W{{0,3}}(?:(?:{_GREETING})(?:\W|\Z)|(?:{_HERE})|(?:{_THE_TEXT})\W{{0,4}}:"
    r"|i(?:['’]ve| have) (?:corrected|revised|edited|rewritten|improved|fixed))",
    re.IGNORECASE,
)
"""How answers begin that talk to somebody."""

_INLINE_REPLY = re.compile(
    rf"\W{{0,3}}(?:(?:(?:{_GREETING})\W{{1,3}})?(?:{_HERE})[^\n:：]{{0,100}}"
    rf"|(?:{_THE_TEXT}))\W{{0,4}}?[:：]\**[ \t]+(?=\S)",
    re.IGNORECASE,
)
_REMARK = re.compile(
    r"\W{0,3}(?:(?:please )?let me know|i hope (?:this|that|it)|feel free|is there anything"
    r"|would you like|do you want me|if you(?:['’]d| would)? (?:like|need|want|have)"
    r"|(?:please )?note(?: that)?\W{0,3}:|i(?:['’]ve| have)? (?:also )?(?:corrected|changed|fixed"
    r"|made|kept|removed|replaced|added)|(?:the )?(?:following |key |main )?(?:changes|corrections"
    r"|edits|explanation|notes)(?: (?:made|include|are))?\W{0,4}(?::|\Z|\n)"
    r"|lass(?:en sie)? (?:es )?mich wissen|ich hoffe|ich habe|änderungen|anmerkung"
    r"|n['’]hésitez|j['’]espère|j['’]ai corrigé|espero que|he corregido|fammi sapere|spero che"
    r"|ho corretto|希望|如有|如果您)",
    re.IGNORECASE,
)
"""How paragraphs begin that talk about the text, or to the person."""

_FAREWELL = re.compile(r"\W{0,3}(?:(?:please )?let me know if|i hope this|feel free to)", re.I)

_LABEL = re.compile(r"[^\n:：]{1,120}[:：]\**[ \t]+(?=\S)")
"""Any words before a colon: they are none of the text if that begins after them, word by word."""

_SAME = 4
"""Words that the text has to begin with then."""

_ASIDE = re.compile(r"\s*[(\[]([^()\[\]\n]{3,300})[)\]]\W{0,2}\Z")

_EMPHASIS = re.compile(r"\A\s*(\*{1,3}|_{1,3})(?=\S)((?:(?!\1).)+)(?<=\S)\1\s*\Z", re.DOTALL)

_NEAR = 8
"""Words by which a part of the answer may be away from its place in the original."""


def words_of(text: str) -> list[str]:
    """The words, folded and without apostrophes; of Chinese and Japanese each character."""
    return [word.replace("'", "").replace("’", "") for word in _WORD.findall(text.casefold())]


def shown(text: str) -> str:
    """A text in quotation marks, on one line and not too long for it."""
    line = " ".join(text.split())
    return f"“{line if len(line) <= 60 else f'{line[:59]}…'}”"


def without_chatter(original: str, answer: str) -> tuple[Span, tuple[str, ...]]:
    """Where in an answer the text is, without what is certainly none of it, and what that was, in
    words."""
    place = _stripped(answer, (0, len(answer)))
    taken: list[str] = []
    is_changed = True
    while is_changed:
        is_changed = False
        for name, take in _TAKERS.items():
            found = take(original, answer[slice(*place)])
            if found is None:
                continue
            shorter = _stripped(answer, (place[0] + found[0], place[0] + found[1]))
            if shorter[0] < shorter[1] and shorter != place:
                place, is_changed = shorter, True
                taken.append(name)
    return place, tuple(dict.fromkeys(taken))


def _stripped(text: str, span: Span) -> Span:
    """A stretch of a text without the blanks around it."""
    start, end = span
    words = text[start:end]
    start += len(words) - len(words.lstrip())
    return start, max(start, end - len(words) + len(words.rstrip()))


def is_of(original: str, part: str) -> bool:
    """Whether most words of a part of the answer are words of the original."""
    return _are_known(words_of(part), words_of(original))


def begins(original: str, part: str) -> bool:
    """Whether most words of the answer's first part are among the first ones of the original."""
    own = words_of(part)
    return _are_known(own, words_of(original)[: len(own) + _NEAR])


def _are_known(own: Sequence[str], ours: Sequence[str]) -> bool:
    """Whether most of the words are among ours, which may be misspelled."""
    known = {form for word in ours for form in _forms(word)}
    count = sum(not known.isdisjoint(_forms(word)) for word in own)
    return not own or count * 5 > len(own) * 3


def are_alike(one: str, other: str) -> bool:
    """Whether two words are the same, or one may be the other misspelled."""
    return not {*_forms(one)}.isdisjoint(_forms(other))


def _forms(word: str) -> Iterator[str]:
    """The word and, as misspelled ones have most letters, it without each one of them."""
    yield word
    if 4 <= len(word) <= 20:
        yield from (word[:place] + word[place + 1 :] for place in range(len(word)))


def _without_end_marker(original: str, answer: str) -> Span | None:
    found = _LAST_MARKER.search(answer, max(0, len(answer) - 200))
    return (0, found.start()) if found and found[1] not in original else None


def _without_reasoning(original: str, answer: str) -> Span | None:
    found = _REASONING.match(answer)
    return (found.end(), len(answer)) if found and not _REASONING.match(original) else None


def _without_tag(original: str, answer: str) -> Span | None:
    found = _TAG.match(answer)
    return found.span(2) if found and f"<{found[1]}>" not in original else None


def _without_fence(original: str, answer: str) -> Span | None:
    """What is in the one fence, if all around it is chatter."""
    lines = answer.split("\n")
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    fences = [index for index, line in enumerate(lines) if _FENCE.match(line)]
    own = sum(1 for line in original.split("\n") if _FENCE.match(line))
    if own:
        is_around = len(fences) == own + 2 and fences[0] == 0 and fences[-1] == len(lines) - 1
        return (starts[1], starts[-2] - 1) if is_around else None
    if fences == [0]:
        return starts[1], len(answer)
    if fences == [len(lines) - 1]:
        return 0, starts[-2] - 1
    if len(fences) != 2:
        return None
    first, last = fences
    around = "\n".join([*lines[:first], *lines[last + 1 :]])
    inside = starts[first + 1], starts[last] - 1
    return None if around.strip() and is_of(original, around) else inside


def _without_quotes(original: str, answer: str) -> Span | None:
    found = _QUOTED.match(answer)
    if not found or original.strip()[:1] in "\"'“«„'‘":
        return None
    return found.span(found.lastindex or 0)


def _without_emphasis(original: str, answer: str) -> Span | None:
    found = _EMPHASIS.match(answer)
    return found.span(2) if found and original.strip()[:1] not in "*_" else None


def _without_reply(original: str, answer: str) -> Span | None:
    """Without a first line that announces the text."""
    line, _, rest = answer.partition("\n")
    if rest.strip() and not begins(original, line) and _announces(original, line.strip(), rest):
        return len(line) + 1, len(answer)
    found = _INLINE_REPLY.match(answer)
    if found and not begins(original, found[0]) and _begins_like(original, answer[found.end() :]):
        return found.end(), len(answer)
    found = _LABEL.match(answer)
    if found and not begins(original, found[0]) and _begins_as(original, answer[found.end() :]):
        return found.end(), len(answer)
    return None


def _announces(original: str, line: str, rest: str) -> bool:
    ends = line.rstrip("*_ ")[-1:]
    if REPLY.match(line):
        return ends in ":：" or (ends in "!.！。" and len(words_of(line)) <= 12)
    is_label = ends in ":：" and 0 < len(words_of(line)) <= 15
    return is_label and _begins_like(original, rest)


def _begins_like(original: str, rest: str) -> bool:
    ours, theirs = words_of(original)[:8], words_of(rest)[:8]
    return len(set(ours) & set(theirs)) * 3 >= min(len(set(ours)), len(set(theirs))) > 0


def _begins_as(original: str, rest: str) -> bool:
    """Whether the first words are the original's, one by one; one of them may be another."""
    ours, theirs = words_of(original)[:_SAME], words_of(rest)[:_SAME]
    return len(theirs) == _SAME and sum(map(are_alike, ours, theirs)) >= _SAME - 1


def _without_remarks(original: str, answer: str) -> Span | None:
    """Without the paragraphs from the first one on that talks about the text."""
    ours = words_of(original)
    for start in _paragraph_starts(answer):
        remark = _REMARK.match(answer, start)
        if remark and not _ends(ours, answer[start : _paragraph_end(answer, remark.end())]):
            is_enough = 2 * len(words_of(answer[:start])) >= len(ours)
            return _between_rules(answer[:start].rstrip()) if is_enough else None
    aside = _ASIDE.search(answer, max(0, len(answer) - 400))
    if aside and _REMARK.match(aside[1]) and aside[1] not in original:
        return 0, aside.start()
    *_, last = sentences(answer) or ("",)
    if _FAREWELL.match(last) and not _ends(ours, last):
        return 0, len(answer) - len(last)
    return None


def _ends(ours: Sequence[str], part: str) -> bool:
    """Whether most words of the answer's last part are among the last ones of the original."""
    own = words_of(part)
    return _are_known(own, ours[-len(own) - _NEAR :])


def _paragraph_starts(text: str) -> Iterator[int]:
    return (found.end() for found in re.finditer(r"\n[ \t]*\n\s*", text))


def _paragraph_end(text: str, position: int) -> int:
    end = text.find("\n\n", position)
    return len(text) if end < 0 else end


def _without_rule(original: str, answer: str) -> Span | None:
    """Without a rule before or after everything."""
    return None if _RULES.search(original.strip()) else _between_rules(answer)


def _between_rules(text: str) -> Span:
    start, end = 0, len(text)
    for rule in _RULES.finditer(text):
        start, end = (start, rule.start()) if rule.start() else (rule.end(), end)
    return start, end


_TAKERS: dict[str, Callable[[str, str], Span | None]] = {
    "an end marker": _without_end_marker,
    "reasoning": _without_reasoning,
    "a tag around the text": _without_tag,
    "a code fence around the text": _without_fence,
    "words that announce the text": _without_reply,
    "a remark after the text": _without_remarks,
    "quotation marks around the text": _without_quotes,
    "emphasis of the whole text": _without_emphasis,
    "a rule around the text": _without_rule,
}
