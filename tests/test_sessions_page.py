"""The page of a session: its tree, its words, and that nothing in it can act or load anything."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from engine.types import Message, Role
from sessions import Attachment, Change, MemorySession, Session, Turn, memory_session
from sessions.export import to_page
from sessions.export.markup import Markup
from sessions.files import sha256_of

NOON = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)

VOID = {"meta", "br", "hr"}

OURS = {
    *("html", "head", "meta", "title", "style", "body", "article", "header", "details", "summary"),
    *("div", "span", "b", "time", "p", "h1", "h2", "h3", "ul", "ol", "li", "em", "strong", "s"),
    *("a", "code", "pre", "blockquote", "table", "thead", "tbody", "tr", "th", "td", "br", "hr"),
}

ATTRIBUTES = {
    *("charset", "http-equiv", "content", "name", "lang", "class", "dir", "datetime", "open"),
    *("href", "title", "start", "style"),
}


@dataclass
class Node:
    """An element with what is in it."""

    tag: str
    attributes: dict[str, str | None]
    inside: list[Node | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(each if isinstance(each, str) else each.text for each in self.inside)

    def all(self, tag: str, kind: str = "") -> list[Node]:
        """Every element within of that tag, and class if one is given."""
        found = []
        for each in self.inside:
            if isinstance(each, Node):
                classes = (each.attributes.get("class") or "").split()
                if each.tag == tag and (not kind or kind in classes):
                    found.append(each)
                found += each.all(tag, kind)
        return found

    @property
    def branches(self) -> list[Node]:
        """The branches that are folded directly into this one."""
        return [
            each
            for each in self.inside
            if isinstance(each, Node) and each.attributes.get("class") == "branch"
        ]


class Reader(HTMLParser):
    """Takes only pages whose elements are closed, and of kinds that are meant."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Node("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in OURS, tag
        assert {name for name, _ in attrs} <= ATTRIBUTES, (tag, attrs)
        node = Node(tag, dict(attrs))
        self.open[-1].inside.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].inside.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def read(page: str) -> Node:
    reader = Reader()
    reader.feed(page)
    reader.close()
    (root,) = reader.open
    (body,) = root.all("body")
    return body


def turn(
    name: str, parent: str | None = None, role: Role = "user", content: str | None = None
) -> Turn:
    return Turn(name, parent, role, name if content is None else content, NOON)


def talk(*turns: Turn) -> MemorySession:
    log = memory_session()
    for each in turns:
        log.append(each)
    return log


def contents(node: Node) -> list[str]:
    return [each.text.strip() for each in node.all("div", "content")]


def page_of(content: str) -> Node:
    return read(to_page(talk(turn("q", content=content)).session)).all("div", "content")[0]


@pytest.fixture
def forked() -> Session:
    """Three answers, the second of which is gone on with and was left for the third."""
    log = talk(
        turn("q"),
        turn("a", "q", "assistant"),
        turn("b", "q", "assistant"),
        turn("b1", "b"),
        turn("b2", "b1", "assistant"),
        turn("b3", "b1", "assistant"),
        turn("c", "q", "assistant"),
        turn("c1", "c"),
    )
    log.name_branch("formal", "b")
    return log.session


def test_the_branch_in_use_is_open_and_the_others_are_folded(forked: Session) -> None:
    body = read(to_page(forked))
    first, second, third = body.branches
    assert [contents(each) for each in body.branches] == [
        ["a"],
        ["b", "b1", "b2", "b3"],
        ["c", "c1"],
    ]
    assert ["open" in each.attributes for each in body.branches] == [False, False, True]
    assert [contents(each) for each in second.branches] == [["b2"], ["b3"]]
    assert first.branches == third.branches == []
    labels = [each.all("summary")[0].text for each in body.branches]
    assert labels == ["Branch 1 of 3: a", "Branch 2 of 3: b", "Branch 3 of 3: c"]
    assert "branch formal" in second.all("header")[0].text


def test_another_branch_can_be_the_open_one(forked: Session) -> None:
    body = read(to_page(forked, "b2"))
    assert [contents(each)[0] for each in body.branches] == ["a", "c", "b", "b3", "b2"]
    opened = [each for each in body.branches if "open" in each.attributes]
    assert [contents(each) for each in opened] == [["b", "b1"], ["b2"]]


def test_what_came_after_the_head_is_folded(forked: Session) -> None:
    forked.head = "q"
    body = read(to_page(forked))
    assert not [each for each in body.branches if "open" in each.attributes]
    forked.head = "c"
    (_, _, third, after) = read(to_page(forked)).branches
    assert (contents(third), contents(after)) == (["c"], ["c1"])
    assert after.all("summary")[0].text == "What followed: c1"
    forked.head = None
    assert contents(read(to_page(forked)))[0] == "q"


def test_deleted_turns_are_not_on_the_page(forked: Session) -> None:
    forked.delete("b")
    body = read(to_page(forked))
    assert contents(body) == ["q", "a", "c", "c1"]
    assert len(body.branches) == 2


def test_a_hundred_other_answers_on_one_branch_nest_no_deeper_than_one() -> None:
    log = talk(turn("q0"))
    for at, after in pairwise(f"q{number}" for number in range(100)):
        log.append(turn(f"not {after}", at))
        log.append(turn(after, at))
    body = read(to_page(log.session))
    assert len(body.branches) == 198
    assert all(each.branches == [] for each in body.branches)


def test_a_tree_that_is_deeper_than_python_recurses_is_no_problem() -> None:
    log = talk(turn("q0"))
    for at, after in pairwise(f"q{number}" for number in range(1500)):
        log.append(turn(after, at))
        log.append(turn(f"newer than {after}", at))
    assert len(contents(read(to_page(log.session)))) == 2999


def test_turns_after_a_gap_say_so() -> None:
    log = talk(turn("q"))
    log.session.place(turn("orphan", "lost", "assistant"))
    body = read(to_page(log.session))
    assert [each.text for each in body.all("p", "gap")] == ["(turns before this one are lost)"]


def test_a_turn_has_its_model_its_end_its_rating_and_its_reasoning() -> None:
    log = talk(
        turn("q"),
        replace(
            turn("a", "q", "assistant", "So."),
            status="error",
            error="out of <memory>",
            model="tiny & quick",
            reasoning="*Hmm.*",
        ),
    )
    log.rate("a", -1, "too <short>")
    log.review("a", [Change(True), Change(False)])
    answer = read(to_page(log.session)).all("article", "assistant")[0]
    header = answer.all("header")[0].text
    beginning, _, end = header.partition(" rated")
    assert beginning == "Assistant (error) tiny & quick 2026-05-04 12:00"
    assert end == " bad: too <short> 1 of 2 changes accepted"
    assert answer.all("p", "error")[0].text == "out of <memory>"
    (reasoning,) = answer.all("details")
    assert (reasoning.all("summary")[0].text, reasoning.all("em")[0].text) == ("Reasoning", "Hmm.")
    assert "open" not in reasoning.attributes


def test_markdown_is_rendered() -> None:
    content = page_of("# Title\n\nSome *words*, `code`\nand a line.\n\n- one\n\n|a|\n|-|\n|b|\n")
    for tag in ("h1", "em", "code", "br", "li", "table"):
        assert content.all(tag), tag


def test_examples_and_attached_texts_are_folded_and_stand_as_they_are() -> None:
    text = "\n# <b>Not</b> a *title*\n"
    part = Attachment("<notes>.md", sha256_of(text), len("See "), len(text))
    question = replace(turn("q", content=f"See {text} please"), attachments=(part,))
    examples = (Message("user", "*How?*"),)
    body = read(to_page(talk(replace(question, examples=examples)).session))
    attached, example = body.all("details")
    assert attached.all("summary")[0].text == "<notes>.md"
    assert attached.all("pre")[0].text == f"\n{text}"
    assert example.all("pre")[0].text == "\n*How?*"
    assert body.all("em") == []
    (content,) = contents(body)
    assert content.startswith("See")
    assert content.endswith("please")


def test_plain_text_that_was_gone_on_with_is_no_markdown() -> None:
    body = read(to_page(talk(replace(turn("q", content="*It*\n was"), raw=True)).session))
    assert body.all("pre")[0].text == "\n*It*\n was"


@pytest.mark.parametrize(
    "content",
    [
        "<script>alert(1)</script>",
        "a <script src='https://example.com/x.js'></script> b",
        "<img src=x onerror=alert(1)>",
        "</div></article></body><script>alert(1)</script>",
        "<!-- <style>body{display:none}</style>",
        "```html\n</code></pre><script>alert(1)</script>\n```",
        '```"><script>alert(1)</script>\nscript\n```',
        "`</code><script>`",
        "| <script> |\n|-|\n| <script> |",
        "&lt;script&gt;&#60;script&#62;",
    ],
)
def test_html_in_a_turn_stays_text(content: str) -> None:
    words = page_of(content).text
    assert "script" in words or "img" in words or "style" in words
    everywhere = replace(
        turn("q", content=content),
        model=content,
        error=content,
        reasoning=content,
        examples=(Message("user", content),),
    )
    log = talk(everywhere, turn("other"), turn("more", "q", content=content))
    log.name_branch(content, "q")
    log.set_title(content)
    log.rate("q", 1, content)
    body = read(to_page(log.session))
    assert body.all("script") == body.all("img") == body.all("style") == []
    assert " ".join(content.split()) in body.all("h1")[0].text


@pytest.mark.parametrize(
    "address",
    [
        *("javascript:alert(1)", "JaVaScRiPt:alert(1)", "vbscript:x", "data:text/html,<script>"),
        *("file:///etc/passwd", "//example.com/x", "data:image/png;base64,AAAA", "/etc/passwd"),
        *("java&#115;cript:alert(1)", "&#106;avascript:alert(1)", "java\\script:alert(1)"),
        *("%6aavascript:alert(1)", "\x01javascript:alert(1)", "chrome://settings", "ftp://x.org"),
    ],
)
def test_addresses_that_could_act_are_no_links(address: str) -> None:
    for content in (f"[here]({address})", f"<{address}>", f"[here][1]\n\n[1]: {address}"):
        said = page_of(content)
        assert said.all("a") == []
        assert "here" in said.text or "<" in said.text


@pytest.mark.parametrize(
    "address", ["https://example.org/a?b=c&d=e", "http://example.org", "mailto:a@example.org"]
)
def test_ordinary_addresses_are_links(address: str) -> None:
    for content in (f"[here]({address})", f"<{address}>"):
        assert [each.attributes["href"] for each in page_of(content).all("a")] == [address]


def test_an_image_is_words_and_loads_nothing() -> None:
    for content in ("![a *cat*](https://example.org/cat.png)", "![x](data:image/png;base64,AA)"):
        said = page_of(content)
        assert ("cat" in said.text) == ("cat" in content)
        assert said.all("img") == []


def test_nothing_is_loaded_from_anywhere() -> None:
    log = talk(turn("q", content="![](https://example.org/x.png) [a](https://example.org)"))
    page = to_page(log.session)
    assert "Content-Security-Policy" in page
    assert "default-src 'none'" in page
    for word in ("<link", "<script", "<img", "src=", "@import", "url(", "<iframe"):
        assert word not in page


def test_the_page_has_colours_for_light_dark_and_paper() -> None:
    page = to_page(memory_session().session)
    for word in ("color-scheme: light dark", "prefers-color-scheme: dark", "@media print"):
        assert word in page


@pytest.mark.parametrize(
    ("character", "shown"),
    [
        ("\x1b", "␛"),
        ("\x00", "␀"),
        ("\x7f", "␡"),
        ("\x9b", "\ufffd"),
        ("\ud800", "\ufffd"),
        ("&#0;", "\ufffd"),
        ("\r\n", "\n"),
        ("\f", "␌"),
    ],
)
def test_characters_that_html_has_no_place_for_are_shown(character: str, shown: str) -> None:
    page = to_page(talk(turn("q", content=f"a{character}b")).session)
    page.encode()
    assert f"a{shown}b" in read(page).all("div", "content")[0].text.replace("\n\n", "\n")


def deep(markers: Sequence[str]) -> list[str]:
    return [f"{marker}word{number}\n" for number, marker in enumerate(markers)]


@pytest.mark.parametrize(
    "lines",
    [
        deep(["> " * number for number in range(120)]),
        deep([">" * 500]),
        deep(["  " * number + "- " for number in range(120)]),
        deep(["   " * number + "1. " for number in range(120)]),
        deep(["- " * 300]),
        deep(["> - " * 60]),
        deep(["![" * 3000 + "[" * 12_000]),
        deep(["*" * 50_000, "_a" * 30_000, "`" * 30_000]),
    ],
)
def test_no_word_is_lost_in_what_is_nested_too_deep(lines: list[str]) -> None:
    said = page_of("".join(lines)).text
    for number in range(len(lines)):
        assert f"word{number}" in said


def test_a_very_long_text_is_shown_as_it_stands() -> None:
    html = Markup().markdown("*word* " * 100_000)
    assert html.startswith("<pre")
    assert html.count("*word*") == 100_000


def test_exporting_loads_no_toolkit_and_nothing_of_other_rooms() -> None:
    program = "import sessions.export, sys; print(*{n.partition('.')[0] for n in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent,
    )
    loaded = set(done.stdout.split())
    assert "markdown_it" in loaded
    unwanted = {"textual", "rich", "prompt_toolkit", "click", "llama_cpp", "numpy", "jinja2"}
    assert not loaded & (unwanted | {"tui", "prompts", "drafts"})
