"""Markdown as HTML that cannot act, load anything, or reach beyond its place on the page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

_VISIBLE = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"},
    0x7F: "␡",
    **dict.fromkeys([*range(0x80, 0xA0), *range(0xD800, 0xE000)], "\ufffd"),
}
"""What HTML has no place for, as something to see."""

_LINE_ENDS = re.compile(r"\r\n?")

_LINK = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
"""How an address begins that may be gone to."""

_NESTED_TOO_DEEP = re.compile(
    r"^(?:[ \t]{0,9}(?:>|(?:[-*+]|\d{1,9}[.)])(?=[ \t]))){30}|^[ \t]{100}", re.MULTILINE
)
"""Blocks within blocks that the parser would rather leave out than follow."""

_NESTING = 100
"""Levels that the parser follows; indentation gives at most two per two columns."""


_LONGEST = 200_000
_MOST_BRACKETS = 10_000
"""Texts with more of them take seconds, and are no prose."""


class _Markdown(MarkdownIt):
    """The Markdown of models: CommonMark with tables, whose line breaks are meant."""

    def __init__(self) -> None:
        super().__init__("commonmark")
        self.options.update(html=False, breaks=True, xhtmlOut=False, maxNesting=_NESTING)
        self.enable(["table", "strikethrough"])
        # Definitions of addresses would disappear from the page.
        self.disable("reference")
        self.add_render_rule("image", _image_in_words)
        self.add_render_rule("fence", _code_with_its_language)

    def validateLink(self, url: str) -> bool:
        """Whether an address becomes a link; otherwise it stays as it was written."""
        return _LINK.match(url) is not None


def _image_in_words(
    renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: EnvType,
) -> str:
    """An image that opened would tell its server who reads the page, and when."""
    token = tokens[index]
    words = renderer.renderInlineAsText(token.children or (), options, env)
    return f"[{escape(words)}: {escape(str(token.attrGet('src')))}]"


def _code_with_its_language(
    _renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    _options: OptionsDict,
    _env: EnvType,
) -> str:
    """What stands behind a fence is often a language, and sometimes words."""
    info = tokens[index].info.strip()
    label = f'<div class="language">{escape(info)}</div>\n' if info else ""
    return f"{label}<pre><code>{escape(tokens[index].content)}</code></pre>\n"


class Markup:
    """Makes HTML of the texts of a session."""

    def __init__(self) -> None:
        self._markdown = _Markdown()

    def markdown(self, text: str) -> str:
        """Markdown as blocks of HTML; what is too much for the parser is shown as it stands."""
        is_long = len(text) > _LONGEST or text.count("[") > _MOST_BRACKETS
        if is_long or _NESTED_TOO_DEEP.search(text):
            return self.preformatted(text)
        return str(self._markdown.render(visible(text)))

    def preformatted(self, text: str) -> str:
        """Text as it stands, in a block of HTML."""
        # A first newline right behind the tag would be dropped.
        return f'<pre class="text">\n{in_words(text)}</pre>\n'


def in_words(text: str) -> str:
    """Text that stands for itself within HTML, attributes included."""
    return escape(visible(text))


def visible(text: str) -> str:
    """Text with a mark for each character that HTML does not allow."""
    return _LINE_ENDS.sub("\n", text).translate(_VISIBLE)
