"""What a review says of a draft: few bytes in the file, and words again where the texts are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from zlib import crc32

import pytest
from session_samples import attached, said

from sessions import (
    Change,
    Review,
    ReviewedChange,
    SessionFile,
    SessionStore,
    UnknownTurn,
    check_session,
    draft_of,
    reviewed_changes,
    salvage_session,
)
from sessions.codec import decode

DRAFT = "Their is a light. It is far. It was seen by us.\n"
ANSWER = "There is a light. It is far. We saw it.\n"


@pytest.fixture
def store(tmp_path: Path) -> SessionStore:
    return SessionStore(tmp_path / "sessions")


def revised(store: SessionStore, draft: str = DRAFT, answer: str = ANSWER) -> SessionFile:
    """A session in which a draft was revised."""
    log = store.create(title="letter.md (editor)")
    log.append(attached(said("Mend this:\n\n"), draft))
    log.append(replace(said(answer, log.session.head), role="assistant"))
    return log


def head(log: SessionFile) -> str:
    assert log.session.head is not None
    return log.session.head


def changes(store: SessionStore, log: SessionFile) -> list[ReviewedChange]:
    return list(reviewed_changes(store.open(log.session.id).session, head(log)))


def test_sentences_that_were_taken_left_or_said_in_other_words(store: SessionStore) -> None:
    log = revised(store)
    log.review(
        head(log),
        [
            Change(True, (0, 17), (0, 17)),
            Change(False, (18, 28), (18, 28)),
            Change(True, (29, 47), (29, 39), "We have seen it."),
        ],
    )
    first, second, third = changes(store, log)
    there = "There is a light."
    assert first == ReviewedChange("Their is a light.", there, there, True, False)
    assert (second.old, second.taken) == ("It is far.", False)
    assert (third.new, third.final) == ("We saw it.", "We have seen it.")


def test_a_whole_draft_that_was_taken_is_not_written_once_more(store: SessionStore) -> None:
    log = revised(store, draft="Their " * 100_000, answer="There " * 100_000)
    before = log.path.stat().st_size
    log.review(head(log), [Change(True)])
    assert log.path.stat().st_size - before < 150
    (whole,) = changes(store, log)
    assert whole.is_whole
    assert (whole.old, whole.final) == ("Their " * 100_000, "There " * 100_000)


def test_the_last_review_of_an_answer_counts(store: SessionStore) -> None:
    log = revised(store)
    log.review(head(log), [Change(True)])
    log.review(head(log), [Change(False)])
    assert [each.taken for each in changes(store, log)] == [False]
    log.review(head(log), [])
    assert changes(store, log) == []


def test_a_review_of_an_unknown_turn_is_refused_and_means_nothing_in_a_file(
    store: SessionStore,
) -> None:
    log = revised(store)
    with pytest.raises(UnknownTurn):
        log.review("gone", [Change(True)])
    log.review(head(log), [Change(True)])
    lines = log.path.read_bytes().splitlines(True)
    log.path.write_bytes(b"".join([*lines[:2], lines[-1]]))
    session = store.open(log.session.id).session
    assert (session.reviews, session.damaged_lines) == ({}, 0)


def test_changes_beyond_the_texts_are_passed_over(store: SessionStore) -> None:
    log = revised(store)
    log.review(head(log), [Change(True, (0, 17), (0, 99)), Change(True, (0, 99), (0, 17))])
    assert changes(store, log) == []


def test_a_draft_that_is_lost_leaves_no_changes(store: SessionStore) -> None:
    log = revised(store)
    log.review(head(log), [Change(True)])
    for text in log.files.folder.iterdir():
        text.unlink()
    assert changes(store, log) == []


def test_the_draft_is_the_first_attached_text_or_the_question_itself() -> None:
    assert draft_of(attached(said("Mend: "), "one", "two")) == "one"
    assert draft_of(said("Their light")) == "Their light"


def test_a_long_session_knows_its_reviews_from_its_outline(
    store: SessionStore, tmp_path: Path
) -> None:
    log = revised(store)
    log.review(head(log), [Change(True, (0, 17), None, "Words")])
    for _ in range(2):
        lazy = SessionStore(store.root, index=tmp_path / "index.sqlite", long_file=1)
        assert lazy.open(log.session.id).session.reviews == log.session.reviews
        lazy.close()


def test_a_repaired_copy_has_the_reviews(store: SessionStore) -> None:
    log = revised(store)
    log.review(head(log), [Change(True, (0, 5), (0, 5), "Here")])
    lines = log.path.read_bytes().splitlines(True)
    log.path.write_bytes(b"".join([*lines, b"rotten\n"]))
    assert len(check_session(store.root, log.session.id).findings) == 1
    copy = store.open(salvage_session(store.root, log.session.id))
    assert copy.session.reviews == log.session.reviews
    assert check_session(store.root, copy.session.id).is_sound


def test_fields_of_a_newer_program_do_not_make_a_review_damage() -> None:
    line = (
        b'{"crc":"%08x","r":{"type":"review","turn":"a","mood":1,'
        b'"changes":[{"taken":true,"old":null,"why":"dull"}]}}'
    )
    assert decode(sealed(line)) == Review("a", (Change(True),))


def sealed(line: bytes) -> bytes:
    """The line with the checksum of its record."""
    body = line.partition(b'"r":')[2][:-1]
    return line.replace(b"%08x", b"%08x" % crc32(body))
