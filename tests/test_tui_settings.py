"""The options of sampling, wherever they are set: as they are typed, in a prompt, in the file."""

from __future__ import annotations

import pytest
from scripted_chat import Chat

from engine.sampling_params import Sampling


def configure(chat: Chat, text: str) -> None:
    config = chat.home / "config" / "config.toml"
    config.parent.mkdir(exist_ok=True)
    config.write_text(text, encoding="utf-8")


def prompt(chat: Chat, text: str) -> None:
    folder = chat.home / "config" / "prompts"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mine.toml").write_text(text, encoding="utf-8")


def sampling(chat: Chat, *arguments: str) -> Sampling:
    assert chat(*arguments, "Hi") == 0, chat.err
    return chat.engine.requests[-1].sampling


def test_every_kind_of_option_can_be_typed(chat: Chat) -> None:
    typed = {
        "mirostat": "2",
        "typical_p": ".5",
        "beams": "4",
        "samplers": "min_p; typ_p,temperature",
        "dry_sequence_breakers": r"\n,\,,\\,a b",
    }
    found = sampling(chat, *(part for pair in typed.items() for part in ("-o", *pair)))
    assert (found.mirostat, found.typical_p, found.beams) == (2, 0.5, 4)
    assert found.samplers == ("min_p", "typical_p", "temperature")
    assert found.dry_sequence_breakers == ("\n", ",", "\\", "a b")
    assert sampling(chat, "-o", "dry_sequence_breakers", "").dry_sequence_breakers == ()


def test_biases_are_typed_together_or_one_by_one(chat: Chat) -> None:
    one_by_one = ("-o", "logit_bias", "tapestry=-5", "-o", "logit_bias", r"a\,b=c=1.5, delve=-100")
    found = sampling(chat, *one_by_one, "-o", "logit_bias", "tapestry=-6")
    assert dict(found.logit_bias) == {"tapestry": -6, "a,b=c": 1.5, "delve": -100}


def test_the_nearest_setting_counts_and_biases_are_joined(chat: Chat) -> None:
    configure(
        chat,
        '[sampling]\nmin_p = 0.2\ntypical_p = 0.9\nsamplers = ["min_p"]\n'
        "[sampling.logit_bias]\ndelve = -100\nsea = 1\nhill = 1\n",
    )
    prompt(chat, "[params]\ntypical_p = 0.8\nmin_p = 0.3\n[params.logit_bias]\nsea = 2\nhill = 2\n")
    found = sampling(chat, "-t", "mine", "-o", "min_p", "0.4", "-o", "logit_bias", "hill=3")
    assert (found.min_p, found.typical_p, found.samplers) == (0.4, 0.8, ("min_p",))
    assert dict(found.logit_bias) == {"delve": -100, "sea": 2, "hill": 3}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("typicl_p", "1"), "no option 'typicl_p'; did you mean typical_p?"),
        (("xyz", "1"), "no option 'xyz'; one of temperature, "),
        (("typical_p", "2"), "-o typical_p must be a number from 0 to 1, not 2"),
        (("mirostat", "1"), "-o mirostat must be 0 or 2, not 1"),
        (("beams", "2.5"), "-o beams must be a whole number from 1 to 16, not 2.5"),
        (("dry_base", "much"), "-o dry_base must be a number, not 'much'"),
        (("samplers", "topk"), "-o samplers must be some of penalties, "),
        (("logit_bias", "delve"), "-o logit_bias takes TEXT=NUMBER, not 'delve'"),
        (("logit_bias", "delve=no"), "'delve' must be a number, not 'no'"),
        (("logit_bias", "delve=-200"), "'delve' must be a number from -100 to 100, not -200"),
        (("logit_bias", "=3"), "-o logit_bias must be texts with numbers, not ''"),
        (("beam_groups", "2"), "beam_groups must divide beams (1)"),
    ],
    ids=str,
)
def test_a_mistake_on_the_command_line_is_wrong_usage(
    chat: Chat, arguments: tuple[str, str], words: str
) -> None:
    assert chat("-o", *arguments, "Hi") == 2
    assert words in chat.err
    assert chat.err.count("\n") == 1
    assert chat.engine.requests == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("xtc_probability = 2", "sampling: xtc_probability must be a number from 0 to 1, not 2"),
        ('logit_bias = "delve"', "sampling: logit_bias must be texts with numbers"),
        ("logit_bias = { delve = -200 }", "'delve' must be a number from -100 to 100"),
        ('samplers = ["topk"]', "sampling: samplers must be some of"),
        ("top_k = true", "sampling: top_k must be a whole number"),
    ],
)
def test_a_mistake_in_the_configuration_names_file_and_key(
    chat: Chat, text: str, words: str
) -> None:
    configure(chat, f"[sampling]\n{text}\n")
    assert chat("Hi") == 1
    assert "config.toml: " in chat.err
    assert words in chat.err
    assert chat.err.count("\n") == 1


def test_the_configuration_is_shown_as_the_file_has_it(chat: Chat) -> None:
    configure(chat, '[sampling]\nsamplers = ["top_k"]\nlogit_bias = { "a \\"b" = -1.5 }\n')
    assert chat("config", "show") == 0
    assert 'samplers = ["top_k"]' in chat.out
    assert 'logit_bias = {"a \\"b" = -1.5}' in chat.out
    assert 'dry_sequence_breakers = ["\\n", ":", "\\"", "*"]' in chat.out
    shown = chat.out
    configure(chat, shown.partition("[sampling]")[1] + shown.partition("[sampling]")[2])
    assert chat("config", "show") == 0
    assert chat.out.partition("[sampling]")[2] == shown.partition("[sampling]")[2]
