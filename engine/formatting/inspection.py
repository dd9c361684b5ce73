"""What a chat template does to a conversation, and what in one should make a person wonder.

A template is code that stands between a person and a model: it can say more than it was given, or
something else when a certain word occurs. https://www.pillar.security/blog/llm-backdoors-at-the-inference-level-the-threat-of-poisoned-templates
shows such ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from jinja2 import nodes

from engine.errors import TemplateFailed
from engine.formatting.repairs import accept, nonce
from engine.formatting.templates import Call, ChatTemplate, Refused, parsed
from engine.reports import TemplateReport
from engine.types import Message

_EXAMPLE = (
    Message("system", "You are a careful editor."),
    Message("user", "Good morning."),
    Message("assistant", "Good morning. What shall I read?"),
    Message("user", "Tighten this: It was a night that was dark."),
)

_KINDS_OF_PARTS = {"audio", "content", "image", "image_url", "input_audio", "text", "type", "video"}
"""What templates look for in a content that is a list of parts."""

_MARKER = re.compile(r"[<\\[{|]|^\W*$")
"""What a word has that templates rightly look for in a message: it is no prose."""

_LINK = re.compile(r"https?://[^\s'\"]+|<\s*(?:script|iframe|img)\b", re.IGNORECASE)

_LONGEST_SHOWN = 120
"""Characters of a template's own text that are shown."""

_MANY_WORDS = 4
"""Words in a row that make a text, as against names of roles."""


def inspect_template(source: str, specials: Mapping[str, str]) -> TemplateReport:
    """Try a template on an example and look through its source.

    Args:
        source: Jinja source.
        specials: Values of ``bos_token`` and the like.
    """
    now = datetime.now()
    try:
        template = ChatTemplate(source, specials)
        accepted = accept(template, _EXAMPLE, Call(now))
        rendering = template.render(accepted.messages, accepted.call)
        findings = (*accepted.notices, *_of_renderings(template, now), *_of_source(source))
    except (Refused, TemplateFailed) as error:
        return TemplateReport(None, str(error))
    return TemplateReport(rendering, findings=findings)


def _of_renderings(template: ChatTemplate, now: datetime) -> Iterator[str]:
    """What it adds of its own, told by renderings of a single question."""
    word = nonce()
    question = (Message("user", word),)
    try:
        here = template.render(question, Call(now))
        if _is_dated(template, accept(template, _EXAMPLE, Call(now)).messages, now):
            yield "the date is in every prompt: what was read yesterday has to be read again today"
        elif _is_dated(template, question, now):
            yield "without a system text it inserts the date: everything is read again tomorrow"
    except Refused:
        return
    own = _prose(here.partition(word)[0])
    if own:
        yield f"without a system text it inserts one of its own: “{own}”"


def _is_dated(template: ChatTemplate, messages: tuple[Message, ...], now: datetime) -> bool:
    """Whether the rendering is another one on another day."""
    later = Call(now + timedelta(days=400))
    return template.render(messages, Call(now)) != template.render(messages, later)


def _prose(text: str) -> str | None:
    """The longest line that is words and not markers."""
    lines = [re.sub(r"<[^<>\s]*>|\[/?[A-Z_]+\]", " ", line).strip() for line in text.splitlines()]
    best = max(lines, key=len, default="")
    shown = best if len(best) <= _LONGEST_SHOWN else f"{best[:_LONGEST_SHOWN]}…"
    return shown if len(best.split()) >= _MANY_WORDS else None


def _of_source(source: str) -> Iterator[str]:
    tree = parsed(source)
    for name in sorted(set(_inner_names(tree))):
        yield (
            f"it reaches into Python ({name}): refused here, but in programs without a sandbox it "
            "can run anything"
        )
    for word in sorted(set(_words_watched_for(tree))):
        yield f"it says something else when a message has “{word}” in it"
    for link in sorted({found[0] for text in _texts(tree) for found in _LINK.finditer(text)}):
        yield f"it has a link or markup of its own: {link}"


def _inner_names(tree: nodes.Template) -> Iterator[str]:
    for attribute in tree.find_all(nodes.Getattr):
        if attribute.attr.startswith("__"):
            yield attribute.attr
    for item in tree.find_all(nodes.Getitem):
        if isinstance(item.arg, nodes.Const) and str(item.arg.value).startswith("__"):
            yield str(item.arg.value)
    for called in tree.find_all(nodes.Filter):
        if called.name == "attr":
            yield "|attr"


def _words_watched_for(tree: nodes.Template) -> Iterator[str]:
    """Prose that is looked for in what somebody says."""
    for compared in tree.find_all(nodes.Compare):
        for operand in compared.ops:
            if operand.op == "in" and _is_content(operand.expr):
                yield from _prose_in(compared.expr)
    for call in tree.find_all(nodes.Call):
        node = call.node
        if (
            isinstance(node, nodes.Getattr)
            and node.attr in ("find", "count", "index", "startswith", "endswith")
            and _is_content(node.node)
        ):
            for argument in call.args:
                yield from _prose_in(argument)


def _is_content(node: nodes.Node) -> bool:
    """Whether an expression is made of a message's content."""
    if isinstance(node, nodes.Getattr) and node.attr == "content":
        return True
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        return bool(node.arg.value == "content")
    if isinstance(node, nodes.Name) and "content" in node.name:
        return True
    return any(map(_is_content, node.iter_child_nodes()))


def _prose_in(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        word = node.value.strip()
        if word not in _KINDS_OF_PARTS and not _MARKER.search(word):
            yield word


def _texts(tree: nodes.Template) -> Iterator[str]:
    """Everything that it may print as it stands."""
    yield from (data.data for data in tree.find_all(nodes.TemplateData))
    yield from (const.value for const in tree.find_all(nodes.Const) if isinstance(const.value, str))
