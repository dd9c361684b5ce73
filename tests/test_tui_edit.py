"""``chat --edit`` with a scripted engine: what is shown, what is written, and what never is."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from scripted_chat import Chat

from engine.scripted import Reply, ScriptedEngine
from engine.types import Event, Request
from sessions import SessionStore

pytestmark = pytest.mark.usefixtures("whole_drafts")

OLD = "Their is a light.\n\nIt is far.\n"
NEW = "There is a light.\n\nIt is far.\n"


class Meddling(ScriptedEngine):
    """Does something to the disk while it answers, as somebody else might."""

    def __init__(self, meddle: Callable[[], object]) -> None:
        super().__init__([NEW])
        self._meddle = meddle

    def stream(self, request: Request) -> Generator[Event, None, None]:
        self._meddle()
        return super().stream(request)


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    path = tmp_path / "draft.md"
    path.write_bytes(OLD.encode())
    return path


def test_a_pipe_gets_a_diff_that_applies_and_the_file_stays(chat: Chat, draft: Path) -> None:
    chat.script(NEW)
    assert chat("--edit", "draft.md", "Fix", "the", "spelling") == 0
    assert draft.read_text() == OLD
    assert "Fix the spelling" in chat.asked[-1][1]
    assert OLD.strip() in chat.asked[-1][1]
    subprocess.run(["git", "apply", "-"], input=chat.out.encode(), check=True, cwd=draft.parent)
    assert draft.read_text() == NEW


@pytest.mark.parametrize("form", ["{0}\n{1}\n{2}\n", "{1}\n{2}", "{0}\n\n{1}"])
def test_lines_around_the_draft_that_a_model_repeats_are_not_written(
    chat: Chat, draft: Path, form: str
) -> None:
    class Echoing(ScriptedEngine):
        """Answers with the lines of the request's own fence."""

        def stream(self, request: Request) -> Generator[Event, None, None]:
            begin, *_, end = (
                line
                for line in request.messages[-1].content.splitlines()
                if line.startswith(("[begin of material ", "[end of material "))
            )
            return ScriptedEngine([form.format(begin, NEW.strip(), end)]).stream(request)

    chat.engine = Echoing([])
    assert chat("--edit", "draft.md", "--yes") == 0
    assert draft.read_text() == NEW


def test_yes_writes_and_undo_brings_the_old_bytes_back(chat: Chat, draft: Path) -> None:
    draft.write_bytes(b"\xef\xbb\xbf" + OLD.replace("\n", "\r\n").encode())
    draft.chmod(0o640)
    before = draft.read_bytes()
    chat.script(f"\n{NEW.strip()}\n\n")
    assert chat("--edit", "draft.md", "--yes") == 0
    assert draft.read_bytes() == b"\xef\xbb\xbf" + NEW.replace("\n", "\r\n").encode()
    assert draft.stat().st_mode & 0o777 == 0o640
    assert chat.out == ""
    assert chat("drafts", "undo", "draft.md") == 0
    assert draft.read_bytes() == before
    assert chat("drafts", "undo") == 1
    assert "can be undone" in chat.err


def test_what_nobody_was_asked_about_is_no_review(chat: Chat, draft: Path) -> None:
    for way in ("--yes", "--diff"):
        draft.write_text(OLD)
        chat.script(NEW)
        assert chat("--edit", "draft.md", way) == 0
        store = SessionStore(chat.home / "data" / "sessions")
        assert store.open(store.latest()).session.reviews == {}


def test_a_conversation_goes_on_behind_the_work_on_a_draft(chat: Chat, draft: Path) -> None:
    assert chat("A tale of a lamp") == 0
    chat.script(NEW)
    assert chat("--edit", "draft.md", "--yes") == 0
    assert chat("-c", "Shorter, please") == 0
    assert ("user", "A tale of a lamp") in chat.asked
    assert draft.read_text() == NEW


def test_a_filter_prints_the_revised_text_in_its_own_form(chat: Chat) -> None:
    chat.script(NEW.strip())
    assert chat("--edit", "-", "-t", "tighten", stdin=OLD.replace("\n", "\r\n")) == 0
    assert chat.out == NEW.replace("\n", "\r\n")


@pytest.mark.parametrize(
    "reply",
    [Reply("There is a", "length"), Reply("There is", "error", "it broke"), Reply("  \n")],
    ids=["cut off", "failed", "empty"],
)
def test_an_incomplete_revision_is_never_written(chat: Chat, draft: Path, reply: Reply) -> None:
    chat.script(reply)
    assert chat("--edit", "draft.md", "--yes") == 1
    assert draft.read_text() == OLD
    assert "the draft is unchanged" in chat.err
    assert chat("--edit", "-", stdin=OLD) == 1
    assert chat.out == OLD


def test_a_filter_that_cannot_ask_hands_its_input_back(chat: Chat) -> None:
    chat.script("no", n_ctx=10)
    assert chat("--edit", "-", stdin=OLD) == 4
    assert chat.out == OLD
    assert chat("--edit", "-", "-t", "tigthen", stdin=OLD) == 2
    assert chat.out == OLD
    assert chat("--edit", "-", "-m", "nosuch", stdin=OLD) == 2
    assert chat.out == OLD
    config = chat.home / "config" / "config.toml"
    config.parent.mkdir(exist_ok=True)
    config.write_text("= broken")
    assert chat("--edit", "-", stdin=OLD) == 1
    assert chat.out == OLD
    config.unlink()
    assert chat("--edit", "-", stdin=b"\xff binary \x00") == 5
    assert chat.out.encode("utf-8", "surrogateescape") == b"\xff binary \x00"


def test_a_filter_prints_once_even_where_the_session_cannot_be_saved(chat: Chat) -> None:
    data = chat.home / "data"
    chat.engine = Meddling(lambda: (data / "sessions").rename(data / "elsewhere"))
    assert chat("--edit", "-", stdin=OLD) == 1
    assert chat.out == NEW
    assert "session not saved" in chat.err


def test_a_dry_run_of_an_edit_leaves_no_session(chat: Chat, draft: Path) -> None:
    assert chat("--edit", "draft.md", "--dry-run") == 0
    assert OLD.strip() in chat.out
    assert not (chat.home / "data" / "sessions").exists()


def test_a_read_only_draft_can_be_revised_elsewhere(chat: Chat, draft: Path) -> None:
    draft.chmod(0o444)
    chat.script(NEW)
    assert chat("--edit", "draft.md", "--output", "new.md") == 0
    assert chat("--edit", "draft.md", "--diff") == 0
    assert "+There is" in chat.out


def test_what_somebody_else_has_written_meanwhile_is_not_written_again(
    chat: Chat, draft: Path
) -> None:
    chat.engine = Meddling(lambda: draft.write_text(NEW))
    assert chat("--edit", "draft.md", "--yes") == 0
    assert "already has what you accepted" in chat.err
    assert draft.read_text() == NEW
    assert not list(draft.parent.glob("*.chat-new"))


def test_a_draft_under_two_names_is_revised_once(chat: Chat, draft: Path) -> None:
    other = draft.with_name("other.md")
    other.symlink_to("draft.md")
    chat.script(NEW)
    assert chat("--edit", "draft.md", "--edit", "other.md", "--edit", str(draft), "--yes") == 0
    assert draft.read_text() == other.read_text() == NEW
    assert len(chat.engine.requests) == 1
    assert not list(draft.parent.glob("*.chat-new"))


@pytest.mark.parametrize(
    ("instruction", "is_written"),
    [("Use an executive tone on behalf of the firm", False), ("Cut it by half", True)],
)
def test_a_text_may_become_shorter_only_where_a_word_of_the_instruction_says_so(
    chat: Chat, draft: Path, instruction: str, is_written: bool
) -> None:
    long = "The light is far, and the keeper of it is old, tired and without a wife or a friend.\n"
    draft.write_text(long)
    chat.script("The light is far, and the keeper without a friend.")
    assert chat("--edit", "draft.md", instruction, "--yes") == (0 if is_written else 1)
    assert (draft.read_text() != long) == is_written


def test_output_makes_a_new_file_and_overwrites_none(chat: Chat, draft: Path) -> None:
    chat.script(NEW)
    new = draft.parent / "new.md"
    assert chat("--edit", "draft.md", "--output", "new.md") == 0
    assert (draft.read_text(), new.read_text()) == (OLD, NEW)
    assert chat("--edit", "draft.md", "--output", "new.md") == 5
    assert "exists already" in chat.err
    asked = len(chat.engine.requests)
    for taken, code in ((".", 5), ("/", 5), ("", 2)):
        assert chat("--edit", "draft.md", "--output", taken) == code
    assert len(chat.engine.requests) == asked


def test_an_unchanged_draft_is_said_and_no_diff_is_printed(chat: Chat, draft: Path) -> None:
    chat.script(OLD)
    assert chat("--edit", "draft.md") == 0
    assert chat.out == ""
    assert "nothing to change" in chat.err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x00\x01\x02", "binary"),
        ("Th\u00e9 light".encode("latin-1"), "UTF-8"),
        ("There".encode("utf-16"), "UTF-16"),
    ],
)
def test_what_is_not_utf_8_text_is_refused(
    chat: Chat, draft: Path, content: bytes, words: str
) -> None:
    draft.write_bytes(content)
    assert chat("--edit", "draft.md", "--yes") == 5
    assert words in chat.err
    assert draft.read_bytes() == content
    assert chat.engine.requests == []


def test_a_read_only_draft_is_refused_before_the_model_is_asked(chat: Chat, draft: Path) -> None:
    draft.chmod(0o444)
    assert chat("--edit", "draft.md", "--yes") == 5
    assert "read-only" in chat.err
    assert chat.engine.requests == []


def test_a_missing_or_empty_draft_is_wrong_usage(chat: Chat, draft: Path) -> None:
    assert chat("--edit", "none.md") == 2
    assert "no file none.md" in chat.err
    draft.write_text(" \n")
    assert chat("--edit", "draft.md") == 2
    assert "empty" in chat.err


def test_a_draft_that_was_rewritten_meanwhile_is_left_alone(chat: Chat, draft: Path) -> None:
    chat.engine = Meddling(lambda: draft.write_text("Somebody else was here.\n"))
    assert chat("--edit", "draft.md", "--yes") == 5
    assert draft.read_text() == "Somebody else was here.\n"
    assert "changed" in chat.err
    assert draft.with_name("draft.md.chat-new").read_text() == NEW


@pytest.mark.parametrize(
    ("meddle", "words"),
    [
        (lambda draft, data: draft.unlink(), "there is no file draft.md"),
        (lambda draft, data: draft.write_bytes(b"\0\1"), "is not UTF-8 text"),
        (lambda draft, data: draft.chmod(0o444), "is read-only"),
        (lambda draft, data: (data / "drafts" / "objects").write_bytes(b""), "cannot be used"),
    ],
    ids=["deleted", "binary", "read-only", "no journal"],
)
def test_a_revision_that_cannot_go_into_its_draft_is_written_beside_it(
    chat: Chat, draft: Path, meddle: Callable[[Path, Path], object], words: str
) -> None:
    chat.engine = Meddling(lambda: meddle(draft, chat.home / "data"))
    assert chat("--edit", "draft.md", "--yes") == 5
    assert words in chat.err
    assert "the revision is draft.md.chat-new" in chat.err
    assert draft.with_name("draft.md.chat-new").read_text() == NEW
    assert not draft.exists() or draft.read_bytes() in (OLD.encode(), b"\0\1")


def test_changes_go_into_a_draft_that_grew_meanwhile(chat: Chat, draft: Path) -> None:
    chat.engine = Meddling(lambda: draft.write_text(f"{OLD}\nAnd a new end.\n"))
    assert chat("--edit", "draft.md", "--yes") == 0
    assert draft.read_text() == f"{NEW}\nAnd a new end.\n"
    assert "changed meanwhile" in chat.err


def test_the_session_of_an_edit_is_saved(chat: Chat, draft: Path) -> None:
    chat.script(NEW)
    chat("--edit", "draft.md", "--yes")
    assert chat.saved[-1] == NEW


def test_a_text_that_the_instruction_has_too_is_found_where_it_is_given(
    chat: Chat, draft: Path
) -> None:
    draft.write_text("It are far.\n")
    chat.script("It is far.")
    assert chat("--edit", "draft.md", 'Say "It are far." correctly', "--yes") == 0
    store = SessionStore(chat.home / "data" / "sessions")
    turns = store.open(store.latest()).session.path()
    (question,) = (turn for turn in turns if turn.role == "user")
    (part,) = question.attachments
    assert question.content.count("It are far.") > 1
    assert question.content[: part.start].endswith("draft.md]\n")
    assert question.content[part.start :].startswith("It are far.\n[end of material")


PARAGRAPHS = "Their is a light.\n\n```\nteh code\n```\n\nIt are far.\n\nNobody see it.\n"


@pytest.fixture
def by_paragraph(chat: Chat) -> str:
    """A prompt that revises a paragraph at a time."""
    folder = chat.home / "config" / "prompts"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "each.toml").write_text('kind = "edit"\nunit = "paragraph"\nsystem = "Correct it."\n')
    return "each"


def test_paragraphs_are_revised_one_by_one_without_what_was_said_before(
    chat: Chat, draft: Path, by_paragraph: str
) -> None:
    draft.write_text(PARAGRAPHS)
    chat.script("There is a light.", "It is far.", "Nobody sees it.")
    assert chat("--edit", "draft.md", "-t", by_paragraph, "--yes") == 0
    fixed = PARAGRAPHS.replace("Their", "There").replace("are far", "is far")
    assert draft.read_text() == fixed.replace("see it", "sees it")
    assert len(chat.engine.requests) == 3
    for request in chat.engine.requests:
        assert [message.role for message in request.messages] == ["system", "user"]
        assert "teh code" not in request.messages[-1].content
    assert "3 of 3 changes accepted" in chat.err


def test_a_revision_that_broke_off_is_gone_on_with(
    chat: Chat, draft: Path, by_paragraph: str
) -> None:
    draft.write_text(PARAGRAPHS)
    command = ("--edit", "draft.md", "-t", by_paragraph, "--yes")
    chat.script("There is a light.", Reply("It", "error", "it broke"))
    assert chat(*command) == 1
    assert draft.read_text() == PARAGRAPHS
    chat.script("It is far.", "Nobody sees it.")
    assert chat(*command) == 0
    assert len(chat.engine.requests) == 2
    assert "1 of 3 parts are already revised" in chat.err
    assert "It is far." in draft.read_text()
    assert "Nobody sees it." in draft.read_text()
    draft.write_text(PARAGRAPHS)
    chat.script("There is a light.", "It is far.", "Nobody sees it.")
    assert chat(*command) == 0
    assert len(chat.engine.requests) == 3


@pytest.mark.parametrize(
    ("scope", "fixed"),
    [
        (("--lines", "7"), "It is far"),
        (("--lines", "9:"), "Nobody sees it"),
        (("--match", "far|light"), "It is far"),
        (("--section", "the end"), "Nobody sees it"),
    ],
)
def test_only_the_part_that_was_named_is_revised(
    chat: Chat, draft: Path, by_paragraph: str, scope: tuple[str, ...], fixed: str
) -> None:
    text = PARAGRAPHS.replace("Nobody", "# The end\n\nNobody")

    class Correcting(ScriptedEngine):
        """Corrects whatever paragraph it gets."""

        def stream(self, request: Request) -> Generator[Event, None, None]:
            words = request.reference
            for wrong, right in (("Their", "There"), ("are far", "is far"), ("see it", "sees it")):
                words = words.replace(wrong, right)
            return ScriptedEngine([words]).stream(request)

    draft.write_text(text)
    chat.engine = Correcting([""])
    assert chat("--edit", "draft.md", "-t", by_paragraph, "--yes", *scope) == 0
    assert fixed in draft.read_text()
    assert ("There is" in draft.read_text()) == ("light" in " ".join(scope))
    assert draft.read_text().count("It are far") == (fixed != "It is far")


def test_several_files_and_a_folder_are_revised_in_turn(chat: Chat, draft: Path) -> None:
    folder = draft.parent / "notes"
    folder.mkdir()
    for name in ("a.md", "b.md", "c.txt"):
        (folder / name).write_text(OLD)
    chat.script(NEW, NEW, NEW)
    assert chat("--edit", "notes", "--glob", "*.md", "--edit", "draft.md", "--yes") == 0
    assert [path.read_text() for path in sorted(folder.iterdir())] == [NEW, NEW, OLD]
    assert draft.read_text() == NEW
    assert chat("--edit", "notes", "--yes") == 2
    assert "--glob" in chat.err


@pytest.mark.parametrize("option", ["--edit", "--file"])
def test_a_pattern_chooses_neither_from_a_file_nor_outside_of_a_folder(
    chat: Chat, draft: Path, option: str
) -> None:
    (draft.parent / "notes").mkdir()
    before = draft.read_bytes()
    chat.script(NEW)
    assert chat(option, "draft.md", "--glob", "*.txt", "Shorten it") == 2
    assert "--glob chooses files in a folder, but no folder is named" in chat.err
    assert chat(option, "notes", "--glob", "../*", "Shorten it") == 2
    assert "no pattern within a folder" in chat.err
    assert draft.read_bytes() == before


def test_changes_are_printed_in_every_form(chat: Chat, draft: Path) -> None:
    expected = {
        "words": "[-Their-]{+There+} is a light.",
        "critic": "{~~Their~>There~~} is a light.",
        "json": '"old": "Their"',
        "unified": "-Their is a light.",
    }
    for form, text in expected.items():
        chat.script(NEW)
        assert chat("--edit", "draft.md", "--diff", form) == 0
        assert text in chat.out
    chat.script(NEW)
    assert chat("--edit", "draft.md", "--diff", "Fix it") == 0
    assert chat.out.startswith("--- a/draft.md")
    assert draft.read_text() == OLD


def test_a_diff_can_be_without_changes_of_blanks_and_quotation_marks(
    chat: Chat, draft: Path
) -> None:
    draft.write_text('Their  is a "light" here.\n')
    for arguments, stdin in ((["draft.md"], ""), (["-"], draft.read_text())):
        chat.script("There is a “light” here.")
        command = ["--edit", *arguments, "--diff", "critic", "--fold"]
        assert chat(*command, "Fix it", stdin=stdin) == 0
        assert chat.out == '{~~Their~>There~~}  is a "light" here.\n'
        assert "3 changes to spaces and quotation marks" in chat.err
    assert chat("--edit", "draft.md", "--fold") == 2
    assert "--fold goes with --diff" in chat.err


def test_a_part_that_was_named_is_the_selection(chat: Chat, draft: Path, by_paragraph: str) -> None:
    folder = chat.home / "config" / "prompts"
    text = "{% if selection %}Only this: {{ selection }}{% else %}All: {{ text }}{% endif %}"
    (folder / "part.toml").write_text(f"extends = 'each'\nuser = '{text}'\n")
    draft.write_text(PARAGRAPHS)
    for scope, begin in ((("--lines", "1"), "Only this: ["), ((), "All: [")):
        chat.script(*["There is a light."] * 9)
        chat("--edit", "draft.md", "-t", "part", *scope)
        assert begin in chat.engine.requests[0].messages[-1].content
        assert "Their is a light." in chat.engine.requests[0].messages[-1].content


def test_what_is_asked_for_again_is_followed_again(chat: Chat, draft: Path) -> None:
    chat.script("There is", NEW)
    assert chat("--edit", "draft.md", "--yes") == 0
    assert [request.reference for request in chat.engine.requests] == [OLD.strip()] * 2
    assert draft.read_text() == NEW


def test_what_is_locked_comes_back_or_is_not_taken(chat: Chat, draft: Path) -> None:
    draft.write_text("In 1911 he builded 3 mills on the old river.\n")
    chat.script(*["In 1912 he built 3 mills on the old river."] * 2)
    assert chat("--edit", "draft.md", "--yes") == 0
    assert "1912" in draft.read_text()
    draft.write_text("In 1911 he builded 3 mills on the old river.\n")
    chat.script(*["In 1912 he built 3 mills on the old river."] * 2)
    assert chat("--edit", "draft.md", "--yes", "--lock", "numbers") in (0, 1)
    assert "1911" in draft.read_text()
