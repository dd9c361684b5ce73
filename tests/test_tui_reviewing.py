"""The review of a revision: what is decided, what is shown of it, and the one by lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pytest

from drafts.hunks import hunks
from tui.errors import UsageProblem
from tui.reviewing.flow import Stretch, flow, in_words
from tui.reviewing.lines import KEYS, review_by_lines
from tui.reviewing.state import Change, Decision, Review
from tui.reviewing.thread import Wish
from tui.widgets.dialogs import unmarked

OLD = "Their is a light. It have burned.\n\nNobody knows teh keeper."
NEW = "There is a light. It has burned.\n\nNobody knows the keeper."

QUOTED = 'He said "no" twice.\n\nShe  went.\n\nTeh end.'
SMALL = "He said “no” twice.\n\nShe went.\n\nThe end."


def changes_of(old: str, new: str, *, file: int = 0, warning: str = "") -> list[Change]:
    return [Change(file, hunk, warning) for hunk in hunks(old, new)]


class ListKeeper:
    """Has decisions by a change's old words, and lists what is to be kept."""

    def __init__(self, before: Mapping[str, Decision]) -> None:
        self.kept: list[str] = []
        self._before = before

    def recalled(self, change: Change) -> Change:
        decision = self._before.get(change.hunk.old, change.decision)
        return replace(change, decision=decision)

    def keep(self, changes: Sequence[Change]) -> None:
        self.kept += [f"{each.hunk.old} {each.decision} {each.text}" for each in changes]


def reviewed(*changes: Change) -> Review:
    review = Review()
    review.add(changes)
    return review


def decisions(review: Review) -> list[str]:
    return [change.decision for change in review.changes]


class TestState:
    def test_each_decision_goes_to_the_next_open_change(self) -> None:
        review = reviewed(*changes_of(OLD, NEW))
        review.decide("taken")
        review.decide("skipped")
        assert (review.here, review.open) == (2, 1)
        review.decide("taken")
        assert decisions(review) == ["taken", "skipped", "taken"]
        assert (review.current, review.open) == (None, 0)
        review.decide("skipped")
        assert decisions(review) == ["taken", "skipped", "taken"]

    def test_the_last_open_change_is_found_above_too(self) -> None:
        review = reviewed(*changes_of(OLD, NEW))
        review.go_to(2)
        review.decide("taken")
        assert review.here == 0

    def test_doubtful_changes_are_not_taken_with_the_rest(self) -> None:
        sound, doubtful = changes_of(OLD, NEW), changes_of(OLD, NEW, warning="it is short")
        review = reviewed(sound[0], doubtful[1])
        review.decide_rest("taken")
        review.add([sound[2], doubtful[2]])
        assert decisions(review) == ["taken", "open", "taken", "open"]
        assert review.here == 1
        review.decide_rest("skipped")
        assert decisions(review) == ["taken", "skipped", "taken", "skipped"]

    def test_the_rest_can_be_decided_while_none_of_it_is_there_but_not_what_is_doubtful(
        self,
    ) -> None:
        first, second, third = changes_of(OLD, NEW)
        review = Review()
        review.decide_rest("taken")
        assert review.rest == {0: "taken"}
        review.add([first, replace(second, warning="odd")])
        assert decisions(review) == ["taken", "open"]
        review.decide("skipped")
        review.decide_rest("skipped")
        review.add([third])
        assert decisions(review) == ["taken", "skipped", "skipped"]
        review.is_complete = True
        assert not review.rest

    def test_the_rest_of_a_file_is_not_that_of_another(self) -> None:
        other = changes_of(OLD, NEW, file=1)
        review = reviewed(*changes_of(OLD, NEW)[:1], other[0])
        review.decide_rest("taken")
        review.add([other[1]])
        assert decisions(review) == ["taken", "open", "open"]

    def test_undo_takes_back_what_the_decision_did_to_changes_that_came_later(self) -> None:
        first, second, third = changes_of(OLD, NEW)
        review = reviewed(first)
        review.decide_rest("taken")
        review.add([second])
        review.add([third])
        assert decisions(review) == ["taken"] * 3
        assert review.undo()
        assert decisions(review) == ["open"] * 3
        assert review.here == 0
        assert not review.undo()

    def test_undo_of_one_decision_keeps_an_earlier_one_about_the_rest(self) -> None:
        first, second, third = changes_of(OLD, NEW)
        review = reviewed(first, replace(second, warning="odd"))
        review.decide_rest("taken")
        review.decide("taken")
        review.add([third])
        assert review.undo()
        assert decisions(review) == ["taken", "open", "taken"]

    def test_a_rest_that_met_no_open_change_is_undone_too(self) -> None:
        first, second, _ = changes_of(OLD, NEW)
        review = reviewed(first)
        review.decide("taken")
        review.go_to(0)
        review.decide_rest("taken")
        assert review.undo()
        review.add([second])
        assert decisions(review) == ["taken", "open"]

    def test_changes_that_arrive_are_shown_only_where_nothing_else_is(self) -> None:
        first, second, third = changes_of(OLD, NEW)
        review = reviewed(first)
        review.add([second])
        assert review.here == 0
        review.decide("taken")
        review.decide("taken")
        review.add([third])
        assert review.current is review.changes[2]

    def test_find_goes_on_from_here_in_any_letter_case_and_to_old_words_too(self) -> None:
        review = reviewed(*changes_of(OLD, NEW))
        assert review.find("TEH")
        assert review.here == 2
        assert review.find("there")
        assert review.here == 0
        assert not review.find("whale")
        assert review.here == 0

    @pytest.mark.parametrize(("number", "here"), [(-5, 0), (1, 1), (99, 2)])
    def test_a_number_out_of_range_is_the_nearest(self, number: int, here: int) -> None:
        review = reviewed(*changes_of(OLD, NEW))
        review.go_to(number)
        assert review.here == here

    def test_moving_stops_at_both_ends(self) -> None:
        review = reviewed(*changes_of(OLD, NEW))
        assert not review.move(-1)
        assert review.move(1)
        assert review.move(1)
        assert not review.move(1)
        assert review.here == 2

    def test_from_the_end_the_last_change_is_one_back(self) -> None:
        review = reviewed(*changes_of(OLD, NEW))
        review.decide_rest("taken")
        assert review.current is None
        assert review.move(-1)
        assert review.here == 2

    def test_what_was_decided_before_is_recalled_and_what_is_decided_now_is_kept(self) -> None:
        first, second, third = changes_of(OLD, NEW)
        keeper = ListKeeper({second.hunk.old: "skipped"})
        review = Review(keeper)
        review.add([first, second])
        assert decisions(review) == ["open", "skipped"]
        assert keeper.kept == []
        review.decide("taken", "Here")
        review.reword(review.changes[0].hunk, "Where")
        review.decide_rest("taken")
        review.add([third])
        assert keeper.kept == ["Their taken Here", "teh taken None"]
        review.undo()
        review.undo()
        assert keeper.kept[2:] == ["teh open None", "Their open None"]
        assert decisions(review) == ["open", "skipped", "open"]

    def test_the_words_of_an_open_change_are_not_kept(self) -> None:
        keeper = ListKeeper({})
        review = Review(keeper)
        review.add(changes_of(OLD, NEW))
        review.reword(review.changes[0].hunk, "Where", "it is short")
        assert keeper.kept == []

    def test_an_empty_review_takes_every_key(self) -> None:
        review = Review()
        review.is_complete = True
        review.decide("taken")
        review.decide_rest("taken")
        review.go_to(3)
        assert not review.move(1)
        assert not review.undo()
        assert not review.find("a")
        assert review.current is None

    def test_own_words_are_written_and_undone(self) -> None:
        review = reviewed(*changes_of(OLD, NEW))
        review.decide("taken", "Here")
        assert review.changes[0].shown_hunk.new == "Here"
        review.undo()
        assert review.changes[0].proposed == "There"

    def test_other_words_come_to_their_change_and_leave_the_person_where_they_are(self) -> None:
        review = reviewed(*changes_of(OLD, NEW))
        hunk = review.changes[0].hunk
        review.go_to(2)
        review.reword(hunk, "Here", "it is short")
        assert review.here == 2
        change = review.changes[0]
        assert (change.proposed, change.versions, change.warning) == (
            "Here",
            ("There",),
            "it is short",
        )
        review.undo()
        assert review.changes[0].proposed == "There"

    def test_other_words_do_not_replace_what_was_taken_meanwhile(self) -> None:
        review = reviewed(*changes_of(OLD, NEW))
        review.decide("taken")
        review.reword(review.changes[0].hunk, "Here")
        change = review.changes[0]
        assert (change.decision, change.proposed, change.versions) == ("taken", "There", ("Here",))

    def test_versions_that_came_stay_when_a_decision_is_undone(self) -> None:
        review = reviewed(*changes_of(OLD, NEW))
        review.decide("taken")
        review.offer(review.changes[0].hunk, ["Here", "There", "Where", "Here"])
        review.undo()
        assert review.changes[0].versions == ("Here", "Where")

    def test_both_halves_of_a_move_are_one_decision(self) -> None:
        one, two, three = "The lamp burns all night.", "Nobody sleeps here.", "The sea is grey."
        old, new = f"{one}\n\n{two}\n\n{three}\n", f"{two}\n\n{three}\n\n{one}\n"
        moved = changes_of(old, new)
        assert [change.hunk.partner for change in moved] == [1, 0]
        review = reviewed(*changes_of(OLD, NEW)[:1])
        review.add(moved)
        review.go_to(2)
        review.decide("taken")
        assert decisions(review) == ["open", "taken", "taken"]
        review.undo()
        assert decisions(review) == ["open"] * 3


class TestFolding:
    def test_blanks_and_quotation_marks_are_one_decision_after_the_others(self) -> None:
        review = reviewed(*changes_of(QUOTED, SMALL))
        assert review.changes[review.here].hunk.old == "Teh"
        review.decide("skipped")
        assert len(review.folded) == len(review.changes) - 1
        review.decide("taken")
        assert decisions(review) == ["taken"] * (len(review.changes) - 1) + ["skipped"]
        assert review.current is None
        review.undo()
        assert review.open == len(review.changes) - 1

    def test_unfolded_each_is_a_change_like_others(self) -> None:
        review = reviewed(*changes_of(QUOTED, SMALL))
        review.is_folding = False
        review.go_to(0)
        review.decide("taken")
        assert decisions(review).count("taken") == 1
        assert (review.folded, review.here) == ((), 1)

    def test_a_doubtful_one_is_not_folded(self) -> None:
        changes = changes_of(QUOTED, SMALL)
        review = reviewed(replace(changes[0], warning="odd"), *changes[1:])
        review.go_to(0)
        assert not review.folded
        review.go_to(1)
        assert 0 not in review.folded

    def test_a_single_one_is_not_folded(self) -> None:
        review = reviewed(*changes_of("She  went.", "She went."))
        assert review.folded == ()

    def test_moving_meets_what_is_folded_once(self) -> None:
        review = reviewed(*changes_of(QUOTED, SMALL))
        assert review.move(-1)
        assert review.folded
        assert not review.move(-1)
        assert review.move(1)
        assert not review.move(1)

    def test_files_are_folded_apart(self) -> None:
        review = reviewed(*changes_of(QUOTED, SMALL), *changes_of(QUOTED, SMALL, file=1))
        review.go_to(0)
        review.decide("taken")
        assert {change.file for change in review.changes if change.decision == "taken"} == {0}


def signed(stretches: Sequence[Stretch]) -> str:
    """The flow with signs in place of colours."""
    marks = {"deleted": "[-{}-]", "inserted": "{{+{}+}}"}
    return "".join(marks.get(each.role, "{}").format(each.text) for each in stretches)


class TestFlow:
    def test_open_changes_are_signed_and_decided_ones_are_their_words(self) -> None:
        review = reviewed(*changes_of(OLD, NEW))
        review.decide("taken")
        review.decide("skipped")
        assert signed(flow(OLD, review.changes, 2)) == (
            "There is a light. It have burned.\n\nNobody knows [-teh-]{+the+} keeper."
        )

    def test_the_shown_change_has_both_texts_whatever_was_decided(self) -> None:
        review = reviewed(*changes_of(OLD, NEW))
        review.decide("taken")
        assert signed(flow(OLD, review.changes, 0)).startswith("[-Their-]{+There+} is")

    def test_far_away_words_are_left_out_at_blank_lines(self) -> None:
        filler = "\n\n".join(f"Paragraph {number} is here." for number in range(400))
        old, new = f"{filler}\n\nTeh end.\n\n{filler}", f"{filler}\n\nThe end.\n\n{filler}"
        shown = signed(flow(old, changes_of(old, new), 0))
        assert shown.startswith("Paragraph ")
        assert shown.endswith(" is here.")
        assert "[-Teh-]{+The+} end." in shown
        assert 1200 < len(shown) < 2600

    def test_a_paragraph_without_end_is_cut_between_words(self) -> None:
        old = "word " * 1000 + "teh " + "word " * 1000
        shown = signed(flow(old, changes_of(old, old.replace("teh", "the")), 0))
        assert set(shown.split()) == {"word", "[-teh-]{+the+}"}

    def test_blanks_are_said_in_words(self) -> None:
        assert in_words("  \n") == "2 spaces, 1 line break"
        assert in_words("\u00a0\u2003") == "1 hard space, 1 other blank"


class ScriptedDesk:
    """Reads lines from a list, and has the changes and words of a list of pieces."""

    def __init__(
        self,
        review: Review,
        lines: Iterable[str],
        pieces: Iterable[Sequence[Change]] = (),
        texts: Sequence[str] = (OLD,),
    ) -> None:
        self.names: Sequence[str] = ["draft\x1b[2J.md", "other.md"]
        self.texts = texts
        self.said: list[str] = []
        self.asked: list[str] = []
        self.wishes: list[Wish] = []
        self.edited: str | UsageProblem | None = None
        self.is_left = False
        self._review = review
        self._lines = iter(lines)
        self._pieces = iter(pieces)

    def __enter__(self) -> ScriptedDesk:
        return self

    def __exit__(self, *_: object) -> None:
        self.is_left = True

    def read(self, question: str) -> str:
        self.asked.append(question)
        try:
            return next(self._lines)
        except StopIteration:
            raise EOFError from None

    def write(self, line: str) -> None:
        self.said += line.split("\n")

    def edit(self, words: str) -> str | None:
        if isinstance(self.edited, UsageProblem):
            raise self.edited
        return self.edited

    def more(self, *, wait: bool) -> Sequence[Change] | None:
        return next(self._pieces, None) if wait else ()

    def fulfil(self, wish: Wish) -> None:
        self.wishes.append(wish)
        if wish.is_for_versions:
            self._review.offer(wish.change.hunk, ["Here", "Where"])
        else:
            self._review.reword(wish.change.hunk, "Here")


def by_lines(
    *lines: str, edited: str | UsageProblem | None = None, old: str = OLD, new: str = NEW
) -> tuple[Review, ScriptedDesk, bool]:
    review = Review()
    desk = ScriptedDesk(review, lines, [changes_of(old, new)], [old])
    desk.edited = edited
    is_kept = review_by_lines(review, desk)
    assert desk.is_left
    return review, desk, is_kept


class TestLines:
    def test_every_change_is_announced_once_with_its_words(self) -> None:
        review, desk, is_kept = by_lines("y", "n", "y", "q")
        assert is_kept
        assert decisions(review) == ["taken", "skipped", "taken"]
        assert desk.said == [
            "draft␛[2J.md, change 1 of 3",
            "in: Their is a light. It have burned.",
            "removed: Their",
            "added: There",
            "draft␛[2J.md, change 2 of 3",
            "in: Their is a light. It have burned.",
            "removed: have",
            "added: has",
            "draft␛[2J.md, change 3 of 3",
            "in: Nobody knows teh keeper.",
            "removed: teh",
            "added: the",
            "everything is decided: 2 of 3 changes are accepted",
        ]

    def test_the_end_of_input_keeps_nothing(self) -> None:
        for lines in ([], ["y"], ["y", "y", "y"], ["r"]):
            assert by_lines(*lines)[2] is False

    @pytest.mark.parametrize(
        "odd", ["", "yes", "never", "apple", "done", "quit", "x", "\x1b[A", "g", "g x", "/", "rest"]
    )
    def test_odd_input_decides_nothing_and_shows_the_keys(self, odd: str) -> None:
        review, desk, is_kept = by_lines(odd, "q")
        assert is_kept
        assert decisions(review) == ["open"] * 3
        assert desk.said[-len(KEYS.split("\n")) :] == KEYS.split("\n")
        assert desk.wishes == []

    @pytest.mark.parametrize(
        ("lines", "expected"),
        [
            ("a q", "taken taken taken"),
            ("d q", "skipped skipped skipped"),
            ("y d q", "taken skipped skipped"),
            ("y u q", "open open open"),
            ("y y y u q", "taken taken open"),
            ("j y q", "open taken open"),
            ("j k y q", "taken open open"),
            ("g3 y q", "open open taken"),
            ("/TEH y q", "open open taken"),
            ("q", "open open open"),
            ("u k w w q", "open open open"),
        ],
    )
    def test_keys(self, lines: str, expected: str) -> None:
        review, _, is_kept = by_lines(*lines.split(" "))
        assert is_kept
        assert decisions(review) == expected.split()

    def test_there_is_a_word_for_what_cannot_be_done(self) -> None:
        said = by_lines("u", "k", "/whale\x1b", "G", "q")[1].said
        assert "there is nothing to undo" in said
        assert "this is the first change" in said
        assert "no change has 'whale\\x1b'" in said

    def test_own_words_are_taken(self) -> None:
        review, _, _ = by_lines("e", "q", edited="Here")
        assert (review.changes[0].decision, review.changes[0].proposed) == ("taken", "Here")
        assert decisions(by_lines("e", "q", edited=None)[0]) == ["open"] * 3

    def test_no_editor_is_said_and_the_review_goes_on(self) -> None:
        review, desk, _ = by_lines("e", "y", "q", edited=UsageProblem("there is no editor"))
        assert "there is no editor" in desk.said
        assert decisions(review)[0] == "taken"

    def test_other_words_are_asked_for_with_an_instruction(self) -> None:
        for lines in (["r be brief", "q"], ["r", "be brief", "q"]):
            review, desk, _ = by_lines(*lines)
            assert [wish.instruction for wish in desk.wishes] == ["be brief"]
            assert "added: Here" in desk.said
            assert decisions(review)[0] == "open"
        assert by_lines("r", "", "q")[1].wishes == []

    def test_versions_are_numbered_and_one_is_taken(self) -> None:
        review, desk, _ = by_lines("A", "A 2", "q")
        assert "version 2: Where" in desk.said
        assert review.changes[0].proposed == "Where"
        assert len(desk.wishes) == 1

    def test_a_version_that_there_is_not_shows_those_there_are(self) -> None:
        review, desk, _ = by_lines("A", "A 9", "A 0", "q")
        assert review.changes[0].decision == "open"
        assert desk.said.count("version 1: Here") == 3

    def test_blanks_are_said_in_words(self) -> None:
        said = by_lines("q", old="She  went.", new="She went.")[1].said
        assert said[-2:] == ["removed: 2 spaces", "added: 1 space"]

    def test_characters_that_cannot_be_seen_are_shown_where_they_change(self) -> None:
        old, new = "A \u200bword\u200b here.", "A word\u00ad here."
        said = "\n".join(by_lines("y", "q", old=old, new=new)[1].said)
        assert "<U+200B>" in said
        assert "<U+00AD>" in said

    def test_what_is_folded_is_one_line_and_one_decision(self) -> None:
        review, desk, _ = by_lines("n", "e", "y", "q", old=QUOTED, new=SMALL)
        folded = len(review.changes) - 1
        line = f"{folded} changes to spaces and quotation marks, as one; w shows each"
        assert desk.said.count(f"draft␛[2J.md, {line}") == 1
        assert "w shows each of these changes by itself first" in desk.said
        assert decisions(review) == ["taken"] * folded + ["skipped"]

    def test_escape_sequences_of_texts_do_not_get_out(self) -> None:
        evil = "\x1b]0;owned\x07\x9b31m\u202e"
        review = Review()
        change = replace(changes_of(OLD, f"{evil}{OLD[5:]}")[0], warning=evil, versions=(evil,))
        desk = ScriptedDesk(review, ["A", "q"], [[change]], [f"{evil}{OLD}"])
        review_by_lines(review, desk)
        said = "\n".join([*desk.said, *desk.asked])
        assert "owned" in said
        assert not set(said) & set("\x1b\x07\x9b\u202e")

    def test_changes_are_asked_about_as_pieces_come(self) -> None:
        review = Review()
        first, second, third = changes_of(OLD, NEW)
        desk = ScriptedDesk(review, ["y", "a", "q"], [[first], [], [second], [third]])
        assert review_by_lines(review, desk)
        assert decisions(review) == ["taken"] * 3

    def test_nothing_to_change_asks_nothing(self) -> None:
        _, desk, is_kept = by_lines(old=OLD, new=OLD)
        assert is_kept
        assert desk.asked == []


def test_marks_of_edited_words_are_their_characters_again() -> None:
    assert unmarked("a<U+200F>b c", "x\u200fy") == "a\u200fb c"
    assert unmarked("a<U+200F>b", "x<U+200F>y\u200f") == "a<U+200F>b"
    assert unmarked("same", "other") == "same"
