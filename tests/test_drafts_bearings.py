"""What is around the parts of a draft."""

from __future__ import annotations

from itertools import pairwise

from drafts.batches import Piece, batches, sentence_pieces
from drafts.bearings import Bearings, Surveyor
from drafts.blocks import split_blocks

DRAFT = """\
---
title: Front matter is nobody's business
---

# The harbour

It was built by Ines Okafor in `TehCode`, as everybody knows.

## Morning

Nobody told Okafor of the e-mail.

```
SecretCode
```

- They left for Port Ellen [by sea](https://example.org/NoName). She wrote in LaTeX. They paid.

## Evening

<!-- lock -->
This is Locked Down.
<!-- /lock -->

The end.
"""


def pieces(text: str = DRAFT) -> tuple[Surveyor, tuple[Piece, ...]]:
    blocks = split_blocks(text, markdown=True)
    prose = [block for block in blocks if block.is_prose]
    return Surveyor(blocks), batches(prose, cost=len, most=60)


def bearings_of(words: str, text: str = DRAFT) -> Bearings:
    blocks = split_blocks(text, markdown=True)
    piece = next(piece for piece in sentence_pieces(blocks) if words in piece.text)
    return Surveyor(blocks).bearings(piece)


def test_a_part_is_below_its_headings() -> None:
    assert bearings_of("Nobody told").place == "The harbour > Morning"
    assert bearings_of("The end").place == "The harbour > Evening"
    assert bearings_of("It was").place == "The harbour"


def test_the_outline_has_all_headings_unless_the_place_says_as_much() -> None:
    outline = "- The harbour\n  - Morning\n  - Evening"
    assert bearings_of("Nobody told").outline == outline
    assert bearings_of("It was", "# The harbour\n\nIt was late. It rained.\n").outline == ""
    assert bearings_of("It was", "It was late. It rained.\n") == Bearings(after="It rained.")


def test_the_neighbours_of_a_paragraph_are_paragraphs_of_prose() -> None:
    found = bearings_of("Nobody told")
    assert found.before.startswith("It was built by Ines Okafor")
    assert found.after.startswith("They left for Port Ellen")
    assert bearings_of("The end").before.endswith("They paid.")
    assert bearings_of("The end").after == ""
    assert bearings_of("It was").before == ""


def test_the_neighbours_of_a_sentence_are_in_its_paragraph() -> None:
    found = bearings_of("She wrote")
    assert found.before == "They left for Port Ellen [by sea](https://example.org/NoName)."
    assert found.after == "They paid."


def test_names_and_terms_are_those_before_the_part_and_not_of_code_or_links() -> None:
    assert bearings_of("It was").terms == ()
    assert bearings_of("Nobody told").terms == ("Ines Okafor",)
    end = bearings_of("The end")
    assert end.terms == ("Ines Okafor", "Okafor", "e-mail", "Port Ellen", "LaTeX")


def test_the_terms_of_the_next_part_begin_as_those_of_this_one() -> None:
    text = "\n\n".join(
        f"They met Anna Nr{number} again there at last, and with her Bo." for number in range(30)
    )
    surveyor, found = pieces(text)
    lists = [surveyor.bearings(piece).terms for piece in found]
    assert lists[-1][:2] == lists[5][:2]
    for shorter, longer in pairwise(lists):
        assert longer[: len(shorter)] == shorter


def test_of_many_names_the_most_frequent_ones_are_told() -> None:
    rare = "\n\n".join(f"They met Name{chr(97 + n % 26)}{n // 26}x once." for n in range(100))
    text = f"So it was Bo again.\n\n{rare}\n\nAnd it was Bo again.\n\nThe end."
    surveyor, found = pieces(text)
    terms = surveyor.bearings(found[-1]).terms
    assert terms[0] == "Bo"
    assert len(terms) == 40
