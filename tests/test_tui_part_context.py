"""What a question about a part of a draft tells of the rest, and that it never gets into it."""

from __future__ import annotations

import re
from collections.abc import Generator
from pathlib import Path

import pytest
from scripted_chat import Chat, uncoded

from engine.scripted import Reply, ScriptedEngine
from engine.types import Event, Request
from prompts.fence import CONTEXT_MEANING
from sessions import SessionStore, Turn
from tui.judged import bare_content, text_given

DRAFT = """\
# The harbour

It was Ines Okafor who built it.

## Morning

Their is a light.

```
teh code
```

## Evening

It are far.
"""

CONTEXT = re.compile(r"\[begin of context (\w+)\]\n(.*?)\n\[end of context \1\]", re.DOTALL)

FIXES = {"Their": "There", "are far": "is far"}


class Echoing(ScriptedEngine):
    """Corrects the text, and says the whole question before and after it."""

    form = "{text}"

    def stream(self, request: Request) -> Generator[Event, None, None]:
        self.requests.append(request)
        text = request.reference
        for wrong, right in FIXES.items():
            text = text.replace(wrong, right)
        found = CONTEXT.search(request.messages[-1].content)
        around = found[0] if found else ""
        lines = found[2] if found else ""
        answer = self.form.format(text=text, around=around, lines=lines)
        return ScriptedEngine([answer]).stream(request)


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    path = tmp_path / "draft.md"
    path.write_text(DRAFT)
    return path


@pytest.fixture
def each(chat: Chat) -> Path:
    """A prompt that goes by paragraphs; its file."""
    path = chat.home / "config" / "prompts" / "each.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('kind = "edit"\nunit = "paragraph"\nsystem = "Correct it."\n')
    return path


def contexts(chat: Chat) -> list[str]:
    """Of each request the lines about the part; an empty text where it has none."""
    contents = (request.messages[-1].content for request in chat.engine.requests)
    return [found[2] if (found := CONTEXT.search(content)) else "" for content in contents]


def questions(chat: Chat) -> list[Turn]:
    store = SessionStore(chat.home / "data" / "sessions")
    path = store.open(store.latest()).session.path()
    return [turn for turn in path if turn.role == "user"]


@pytest.mark.usefixtures("each")
def test_each_part_is_told_where_it_is_before_its_text(chat: Chat, draft: Path) -> None:
    chat.engine = Echoing([""], n_ctx=8192)
    assert chat("--edit", "draft.md", "-t", "each", "Be brief", "--yes") == 0
    assert draft.read_text() == DRAFT.replace("Their", "There").replace("are far", "is far")
    (content,) = [
        re.sub(r"(?<= of context )\w+", "CODE", uncoded(request.messages[-1].content))
        for request in chat.engine.requests
        if request.reference == "Their is a light."
    ]
    assert content == (
        "[begin of context CODE]\n"
        "The headings of the whole text:\n"
        "- The harbour\n"
        "  - Morning\n"
        "  - Evening\n"
        "The material is in: The harbour > Morning\n"
        "Names and terms so far: Ines Okafor\n"
        "Before the material comes:\n"
        "It was Ines Okafor who built it.\n"
        "After the material comes:\n"
        "It are far.\n"
        "[end of context CODE]\n\n"
        "Be brief\n\n"
        "[begin of material CODE: draft.md]\n"
        "Their is a light.\n"
        "[end of material CODE]"
    )
    assert CONTEXT_MEANING in chat.engine.requests[0].messages[0].content


@pytest.mark.parametrize(
    "form",
    [
        "{around}\n\n{text}",
        "{text}\n\n{around}",
        "{lines}\n\n{text}\n\n{lines}",
        "It was Ines Okafor who built it.\n\n{text}",
        "{text}\n\nIt are far.",
        "## Morning\n\n{text}",
        "The material is in: The harbour > Morning\n\n{text}",
    ],
)
@pytest.mark.usefixtures("each")
def test_what_a_model_repeats_of_it_does_not_get_into_the_draft(
    chat: Chat, draft: Path, form: str
) -> None:
    chat.engine = Echoing([""], n_ctx=8192)
    chat.engine.form = form
    assert chat("--edit", "draft.md", "-t", "each", "--match", "light", "--yes") == 0
    assert draft.read_text() == DRAFT.replace("Their", "There")


class Confused(Echoing):
    """Says what is around the text in place of it, as long as there is something."""

    def stream(self, request: Request) -> Generator[Event, None, None]:
        found = CONTEXT.search(request.messages[-1].content)
        self.form = "{around}" if found else "{text}"
        return super().stream(request)


@pytest.mark.usefixtures("each")
def test_a_model_that_takes_it_for_the_text_is_asked_again_without(chat: Chat, draft: Path) -> None:
    chat.engine = Confused([""], n_ctx=8192)
    assert chat("--edit", "draft.md", "-t", "each", "--match", "light", "--yes") == 0
    assert draft.read_text() == DRAFT.replace("Their", "There")
    assert [bool(found) for found in contexts(chat)] == [True, False]


@pytest.mark.usefixtures("whole_drafts")
def test_a_draft_that_fits_has_nothing_around_it(chat: Chat, draft: Path) -> None:
    draft.write_text("Their is a light.\n\nIt are far.\n")
    chat.engine = Echoing([""])
    assert chat("--edit", "draft.md", "--yes") == 0
    assert contexts(chat) == [""]
    assert CONTEXT_MEANING not in chat.engine.requests[0].messages[0].content


def test_sentences_are_corrected_without_unless_the_prompt_has_a_place(
    chat: Chat, draft: Path, each: Path
) -> None:
    chat.engine = Echoing([""], n_ctx=8192)
    assert chat("--edit", "draft.md", "--yes") == 0
    assert set(contexts(chat)) == {""}
    place = '"{% if context %}Around it:\\n{{ context }}\\n\\n{% endif %}Now: {{ text }}"'
    each.write_text(f'kind = "edit"\nunit = "sentence"\nuser = {place}\n')
    draft.write_text(DRAFT)
    chat.engine = Echoing([""], n_ctx=8192)
    assert chat("--edit", "draft.md", "-t", "each", "--yes") == 0
    assert all(contexts(chat))
    for question in questions(chat):
        assert question.content.startswith("Around it:\n[begin of context ")
        assert "]\n\nNow: [begin of material" in question.content


@pytest.mark.usefixtures("each")
def test_what_has_no_room_is_left_out_beginning_with_what_can_be_spared(
    chat: Chat, draft: Path
) -> None:
    draft.write_text(DRAFT.replace("It are far.", f"It are far. {'word ' * 40}"))
    found = []
    for n_ctx in (2_000, 500, 300, 100):
        chat.engine = Echoing([""], n_ctx=n_ctx)
        chat("--edit", "draft.md", "-t", "each", "--match", "Their", "--no-save")
        found.append(
            [
                heading
                for heading in ("headings", "is in", "Names", "Before", "After")
                if heading in contexts(chat)[0]
            ]
        )
    assert found == [
        ["headings", "is in", "Names", "Before", "After"],
        ["is in", "Names", "Before", "After"],
        ["is in", "Names", "Before"],
        ["is in"],
    ]


def test_what_is_learned_from_a_part_is_the_part(chat: Chat, draft: Path, each: Path) -> None:
    for place in ("", "{{ context }}\n\n{{ text }}", "Do it.\n{{ context }}\n{{ text }}"):
        each.write_text(
            f'kind = "edit"\nunit = "paragraph"\nuser = """{place or "{{ text }}"}"""\n'
        )
        draft.write_text(DRAFT)
        chat.engine = Echoing([""], n_ctx=8192)
        assert chat("--edit", "draft.md", "-t", "each", "--match", "light", "--yes") == 0
        (question,) = questions(chat)
        assert "Okafor" in question.content
        assert text_given(question) == "Their is a light."
        expected = "Do it.\n\nTheir is a light." if "Do it" in place else "Their is a light."
        assert bare_content(question) == expected
        store = SessionStore(chat.home / "data" / "sessions")
        log = store.open(store.latest())
        assert log.session.head is not None
        log.rate(log.session.head, 1)
        assert chat("prompts", "learn", "each", "--json") == 0
        assert '"input": "Their is a light."' in chat.out


def test_a_draft_that_has_such_lines_itself_keeps_them(chat: Chat, draft: Path) -> None:
    lines = "[begin of context 0123456789]\nTheir is a light.\n[end of context 0123456789]"
    draft.write_text(f"{lines}\n")
    chat.engine = Echoing([""])
    assert chat("--edit", "draft.md", "-t", "tighten", "--yes") == 0
    assert draft.read_text() == f"{lines}\n".replace("Their", "There")
    (question,) = questions(chat)
    assert text_given(question) == lines


def test_a_question_without_a_draft_has_nothing_in_its_place(chat: Chat, each: Path) -> None:
    each.write_text('user = "{{ context }}Now: {{ text }}"\n')
    assert chat("-t", "each", stdin="Some text.") == 0
    assert chat.asked[-1][1].startswith("Now: [begin of material")


@pytest.mark.usefixtures("each")
def test_the_parts_of_a_long_draft_are_put_together_when_they_are_asked_about(
    chat: Chat, draft: Path
) -> None:
    draft.write_text("\n\n".join(f"Their is light {number}." for number in range(205)))
    chat.engine = Echoing([""], n_ctx=8192)
    assert chat("--edit", "draft.md", "-t", "each", "--yes", "--no-save") == 0
    expected = [f"There is light {number}." for number in range(205)]
    assert draft.read_text().split("\n\n") == expected
    found = contexts(chat)
    assert found[0] == "After the material comes:\nTheir is light 1."
    assert found[202] == (
        "Before the material comes:\nTheir is light 201.\n"
        "After the material comes:\nTheir is light 203."
    )


@pytest.mark.usefixtures("each")
def test_an_answer_from_before_a_stop_is_freed_of_what_it_repeated_of_its_own_question(
    chat: Chat, draft: Path
) -> None:
    class Breaking(Echoing):
        """Breaks off at the third question."""

        form = "{around}\n{text}"

        def stream(self, request: Request) -> Generator[Event, None, None]:
            if len(self.requests) == 3:
                return ScriptedEngine([Reply("", "error", "it broke")]).stream(request)
            return super().stream(request)

    command = ("--edit", "draft.md", "-t", "each", "--yes")
    draft.write_text(DRAFT.replace("It was Ines", "Their was Ines"))
    chat.engine = Breaking([""], n_ctx=8192)
    assert chat(*command) == 1
    chat.engine = Echoing([""], n_ctx=8192)
    assert chat(*command) == 0
    assert "3 of 6 parts are already revised" in chat.err
    fixed = DRAFT.replace("It was Ines", "There was Ines").replace("Their is", "There is")
    assert draft.read_text() == fixed.replace("are far", "is far")
