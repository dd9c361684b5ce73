"""Accepted hunks in a draft's own bytes: everything that nobody accepted is the original's."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drafts.document import decode_text
from drafts.errors import NotText
from drafts.hunks import hunks
from drafts.splice import spliced

LINES = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20))


@given(LINES, LINES, st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(), st.randoms())
def test_any_subset_changes_nothing_but_itself(
    old: list[str], new: list[str], newline: str, bom: bool, chance: random.Random
) -> None:
    data = (("\ufeff" if bom else "") + newline.join(old)).encode()
    draft = decode_text(data, "a.md")
    found = hunks(draft.text, "\n".join(new))
    accepted = [hunk for hunk in found if chance.random() < 0.5]
    pieces, rest = [], draft.text
    for hunk in reversed(accepted):
        pieces.append(rest[hunk.end :])
        rest = rest[: hunk.start]
    untouched = [rest, *reversed(pieces)]
    revised = decode_text(spliced(draft, accepted), "a.md")
    put_in = [h.new.replace("\r\n", "\n").replace("\r", "\n") for h in accepted]
    expected = "".join(kept + new for kept, new in zip(untouched, [*put_in, ""], strict=True))
    assert revised.text == expected
    assert spliced(draft, []) == data


def test_mixed_newlines_stay_where_nothing_changed() -> None:
    draft = decode_text(b"\xef\xbb\xbfone\r\ntwo teh\rthree\nfour teh\r\n\r\n", "a.txt")
    found = hunks(draft.text, draft.text.replace("teh", "the"))
    assert len(found) == 2
    assert spliced(draft, found[1:]) == draft.data.replace(b"four teh", b"four the")
    assert spliced(draft, found) == draft.data.replace(b"teh", b"the")


def test_what_no_file_can_hold_is_refused() -> None:
    draft = decode_text(b"one", "a.txt")
    with pytest.raises(NotText):
        spliced(draft, hunks("one", "o\0ne"))
    with pytest.raises(NotText):
        spliced(draft, hunks("one", "o\ud800ne"))
    with pytest.raises(ValueError, match="not those"):
        spliced(draft, hunks("two", "three"))
