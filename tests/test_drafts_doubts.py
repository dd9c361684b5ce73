"""Which single changes of a revision are taken for corrections, and which are not."""

from __future__ import annotations

import pytest

from drafts.doubts import doubt
from drafts.hunks import hunks


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("They was late.", "They were late."),
        ("He has catch a cold.", "He has caught a cold."),
        ("I bring it yesterday.", "I brought it yesterday."),
        ("Their is a definately good house.", "There is a definitely good house."),
        ("We ate the the cake.", "We ate the cake."),
        ("She owes 14 pound.", "She owes 14 pounds."),
        ("He could of gone.", "He could have gone."),
    ],
)
def test_a_correction_is_not_doubted(old: str, new: str) -> None:
    found = hunks(old, new)
    assert found
    assert [doubt(hunk) for hunk in found] == [""] * len(found)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("It cost 14 pounds.", "It cost 40 pounds.", "number"),
        ("The president thsnked them.", "The president thought them.", "a different word"),
        (
            "I do not want to go there again.",
            "Going back would be a very bad idea for me.",
            "rewords",
        ),
    ],
)
def test_what_is_no_correction_is_doubted(old: str, new: str, why: str) -> None:
    assert any(why in doubt(hunk) for hunk in hunks(old, new))
