"""What a person has done with a turn of the transcript, each as an errand for the conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textual.message import Message

from engine.errors import EngineError
from tui.app.messages import Post, Reached
from tui.app.talk import AppTalk
from tui.app.thread import Errand
from tui.app.underlining import WORD, Unsure
from tui.commands import run_line
from tui.errors import UsageProblem, explain
from tui.setting_values import value_of
from tui.uncertain import aligned, is_unsure, scored_words, scores_of
from tui.which_model import model_names, shown_name


def run_on(turn_id: str, command: str, argument: str = "") -> Errand:
    """Carry out a command of the registry on a turn of the branch in use."""

    def errand(talk: AppTalk) -> None:
        path = talk.conversation.log.session.path()
        places = [place for place, turn in enumerate(path, 1) if turn.id == turn_id]
        if not places:
            raise UsageProblem("that turn is no longer on this branch")
        run_line(talk, f"/{command} {places[0]} {argument}".rstrip(" "))

    return errand


def edit(turn_id: str, content: str) -> Errand:
    """Say a turn in other words: a question is answered again, an answer becomes a person's own, a
    system text is in force from here on. The old one stays."""

    def errand(talk: AppTalk) -> None:
        conversation = talk.conversation
        turn = conversation.log.session.turn(turn_id)
        if turn.role == "user":
            conversation.reword(content, turn=turn)
            talk.show(conversation.regenerate(alternatives=talk.alternatives))
        elif turn.role == "assistant":
            conversation.reword_answer(content, turn=turn)
        else:
            conversation.instruct(content, turn.examples)

    return errand


OFFERED_SETTINGS = ("temperature", "top_p", "min_p", "seed", "max_tokens")
"""Those that people change for one answer; /regen takes all."""


@dataclass
class Offered(Message):
    """What there is to be changed for another answer."""

    values: Mapping[str, str]
    """Of `OFFERED_SETTINGS`."""
    model: str
    models: tuple[str, ...]


def offer(post: Post) -> Errand:
    """Tell how answers are made now, and which models there are."""

    def errand(talk: AppTalk) -> None:
        settings, runtime = talk.conversation.settings, talk.runtime
        models = model_names(runtime.config, runtime.paths.models)
        values = {name: value_of(settings, name) for name in OFFERED_SETTINGS}
        post(Offered(values, shown_name(talk.conversation.engine), models))

    return errand


def answer_otherwise(turn_id: str, pairs: Mapping[str, str], model: str | None) -> Errand:
    """Answer again with other settings; a model that is named stays in use."""

    def errand(talk: AppTalk) -> None:
        if model is not None:
            talk.use_model(model)
        typed = " ".join(f"{name}={value}" for name, value in pairs.items())
        run_on(turn_id, "regen", typed)(talk)

    return errand


def go_on_from(turn_id: str, text_so_far: str) -> Errand:
    """Have the model go on from words that a person made of an answer."""

    def errand(talk: AppTalk) -> None:
        turn = talk.conversation.log.session.turn(turn_id)
        talk.show_more(talk.conversation.continue_from(turn, text_so_far), text_so_far)

    return errand


def step(turn_id: str, by: int) -> Errand:
    """Go to another version of a turn."""

    def errand(talk: AppTalk) -> None:
        talk.conversation.step(talk.conversation.log.session.turn(turn_id), by)

    return errand


def go_to_turn(turn_id: str) -> Errand:
    """Go to a turn, on the branch where it was left, and point at it."""

    def errand(talk: AppTalk) -> None:
        conversation = talk.conversation
        turn = conversation.log.session.turn(turn_id)
        if turn.id not in [each.id for each in conversation.log.session.path()]:
            conversation.go_to_version(turn)
        talk.publish()
        talk.post(Reached(turn.id))

    return errand


def merge(parts: Sequence[tuple[str, int]]) -> Errand:
    """Make an answer of paragraphs: each the id of an answer and a number from 1."""

    def errand(talk: AppTalk) -> None:
        session = talk.conversation.log.session
        merged = talk.conversation.merge([(session.turn(turn), number) for turn, number in parts])
        talk.publish()
        talk.post(Reached(merged.id))

    return errand


def undo(talk: AppTalk) -> None:
    """Take back the last thing that was done."""
    talk.undoing.undo()


def redo(talk: AppTalk) -> None:
    """Do again what was taken back."""
    talk.undoing.redo()


def find_unsure(turn_id: str, post: Post) -> Errand:
    """Find the words of an answer that the model was unsure of."""

    def errand(talk: AppTalk) -> None:
        session = talk.conversation.log.session
        turn = session.turn(turn_id)
        try:
            scores = scores_of(talk.conversation.engine, session, turn)
        except EngineError as error:
            post(Unsure(turn_id, reason=explain(error)[0]))
            return
        words = [
            (part, is_unsure(word))
            for word in scored_words(aligned(scores, turn.content))
            for part in WORD.findall(word.text)
        ]
        post(Unsure(turn_id, tuple(words)))

    return errand
