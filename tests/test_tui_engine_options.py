"""What the command line asks of the engine, and how it prints what comes of that."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from openai.types.chat import ChatCompletion
from scripted_chat import Chat

from engine.load_options import LoadOptions
from engine.scripted import Reply
from sessions import SessionStore, Turn
from tui.runtime import Runtime


def configure(chat: Chat, text: str) -> None:
    file = chat.home / "config" / "config.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)


def loaded(chat: Chat) -> LoadOptions:
    """How the last engine was started."""
    return chat.loaded[1]


def last_turn(chat: Chat) -> Turn:
    store = SessionStore(chat.home / "data" / "sessions")
    return store.open(store.latest()).session.path()[-1]


def findings(chat: Chat) -> Mapping[str, str]:
    assert chat("doctor") == 1  # four bytes are no model
    return dict(line.split("\t", 1) for line in chat.out.splitlines())


def test_alternatives_are_printed_one_after_another(chat: Chat) -> None:
    chat.script("A longer first answer.", "Two.", "Three\nlines\n")
    assert chat("-n", "3", "Hi") == 0
    assert chat.out == "A longer first answer.\n---\nTwo.\n---\nThree\nlines\n"
    assert chat.saved == ["Hi", "A longer first answer."]
    assert chat("-c", "And?") == 0
    assert chat.asked[1] == ("assistant", "A longer first answer.")


def test_an_alternative_that_ends_badly_is_named(chat: Chat) -> None:
    chat.script("One.", Reply("Tw", "length"), Reply("Thr", "error", "it broke"), Reply(""))
    assert chat("-n", "4", "Hi") == 1
    assert chat.out == "One.\n---\nTw\n---\nThr\n---\n"
    assert "answer 2 was cut off" in chat.err
    assert "answer 3: it broke; what was generated is kept" in chat.err


def test_json_has_a_choice_for_each_alternative(chat: Chat) -> None:
    chat.script("One.", Reply("Two words", "length"))
    assert chat("-n", "2", "--json", "Hi") == 0
    completion = ChatCompletion.model_validate_json(chat.out, strict=False)
    assert [choice.message.content for choice in completion.choices] == ["One.", "Two words"]
    assert [choice.finish_reason for choice in completion.choices] == ["stop", "length"]
    assert [choice.index for choice in completion.choices] == [0, 1]
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 3
    values = json.loads(chat.out)
    assert values["turn"] == values["choices"][0]["turn"] != values["choices"][1]["turn"]


def test_scores_are_printed_in_openais_form(chat: Chat) -> None:
    chat.script("Grüße dir \ufffd")
    assert chat("--json", "--logprobs", "2", "Hi") == 0
    choice = ChatCompletion.model_validate_json(chat.out, strict=False).choices[0]
    assert choice.logprobs is not None
    assert choice.logprobs.content is not None
    first, second, part = choice.logprobs.content
    assert first.bytes == list("Grüße".encode())
    assert (second.token, second.logprob) == (" dir", -0.25)
    assert [top.token for top in second.top_logprobs] == [" dir", " dir1"]
    assert second.top_logprobs[1].bytes == list(b" dir1")
    assert part.bytes is None
    assert chat.engine.requests[-1].top_logprobs == 2


def test_scores_without_others_are_scores_too(chat: Chat) -> None:
    assert chat("--json", "--logprobs", "0", "Hi") == 0
    (choice,) = json.loads(chat.out)["choices"]
    assert [token["top_logprobs"] for token in choice["logprobs"]["content"]] == [[], []]
    assert chat("--json", "Hi") == 0
    assert json.loads(chat.out)["choices"][0]["logprobs"] is None


def test_scores_are_saved_with_the_answer(chat: Chat) -> None:
    assert chat("--logprobs", "1", "Hi") == 0
    assert chat.out == "Hello there.\n"
    assert [token.text for token in last_turn(chat).logprobs] == ["Hello", " there."]
    assert chat("sessions", "show", "--json") == 0
    assert json.loads(chat.out)["turns"][1]["logprobs"][0]["text"] == "Hello"


@pytest.mark.parametrize(
    ("arguments", "think"), [((), None), (("--think",), True), (("--no-think",), False)]
)
def test_thinking_is_asked_for(chat: Chat, arguments: tuple[str, ...], think: bool | None) -> None:
    assert chat(*arguments, "Hi") == 0
    assert chat.engine.requests[-1].think is think


def test_constraints_are_read_from_files(chat: Chat, tmp_path: Path) -> None:
    (tmp_path / "a.gbnf").write_bytes(b"\xef\xbb\xbfroot ::= [a-z]+\n")
    (tmp_path / "a.json").write_text('{"type": "object"}')
    assert chat("--grammar", "a.gbnf", "--ban", "delve", "--ban", "rich tapestry", "Hi") == 0
    request = chat.engine.requests[-1]
    assert request.grammar == "root ::= [a-z]+\n"
    assert request.banned == ("delve", "rich tapestry")
    assert chat("--schema", "a.json", "Hi") == 0
    assert chat.engine.requests[-1].schema == '{"type": "object"}'
    (tmp_path / "bad.json").write_text("{,}")
    (tmp_path / "latin.gbnf").write_bytes(b"root ::= \xe9")
    for arguments in (("--schema", "bad.json"), ("--grammar", "latin.gbnf")):
        assert chat(*arguments, "Hi") == 2
        assert chat.err.count("\n") == 1
    assert len(chat.engine.requests) == 2


def test_an_edit_takes_constraints_and_tells_the_engine_what_it_will_follow(
    chat: Chat, tmp_path: Path
) -> None:
    (tmp_path / "draft.md").write_text("Their is a light.\n")
    (tmp_path / "a.gbnf").write_text("root ::= .+")
    options = ("--ban", "delve", "--no-think", "--grammar", "a.gbnf", "-o", "threads", "3")
    assert chat("--edit", "draft.md", *options) == 0
    request = chat.engine.requests[-1]
    assert request.reference == "Their is a light."
    assert (request.banned, request.think, request.grammar) == (("delve",), False, "root ::= .+")
    assert loaded(chat).threads == 3


def test_a_notice_is_said_on_stderr_once(chat: Chat) -> None:
    chat.script(*[Reply("Yes.", notices=("no switch for thinking",))] * 3)
    assert chat("--think", "Hi") == 0
    assert (chat.out, chat.err) == ("Yes.\n", "chat: no switch for thinking\n")
    assert chat("--repl", "--think", stdin="one\ntwo\n") == 0
    assert chat.err == "chat: no switch for thinking\n"


def test_plain_text_goes_on_without_a_chat_template(chat: Chat) -> None:
    configure(chat, 'system = "Be kind."\n')
    chat.script(" upon a time", " there was", " a light")
    assert chat("--raw", stdin="Once\n") == 0
    assert chat.out == " upon a time\n"
    assert chat.engine.requests[-1].messages == ()
    assert chat.engine.requests[-1].prefill == "Once\n"
    assert chat.saved == ["Once\n", " upon a time"]
    assert chat("-c", "What?") == 2
    assert "chat -c --raw" in chat.err
    assert chat("-c", "--raw", " long ago") == 0
    assert chat.engine.requests[-1].prefill == "Once\n upon a time long ago"


def test_plain_text_can_be_a_file_and_does_not_follow_a_conversation(
    chat: Chat, tmp_path: Path
) -> None:
    (tmp_path / "story.txt").write_text("Once upon ")
    assert chat("--raw", "-f", "story.txt", "-n", "2", "--json") == 0
    assert chat.engine.requests[-1].prefill == "Once upon "
    assert len(json.loads(chat.out)["choices"]) == 2
    assert chat("Hi") == 0
    assert chat("-c", "--raw", "Once") == 2
    assert "is a conversation" in chat.err


def test_loading_options_stand_beside_sampling_options(chat: Chat) -> None:
    arguments = {"n_ctx": "8192", "temperature": "0.5", "kv_type": "q8_0", "batch": "256"}
    options = [word for pair in arguments.items() for word in ("-o", *pair)]
    assert chat(*options, "-o", "flash_attention", "on", "-o", "gpu_layers", "0", "Hi") == 0
    used = loaded(chat)
    assert (used.n_ctx, used.batch, used.gpu_layers) == (8192, 256, 0)
    assert (used.kv_type, used.flash_attention) == ("q8_0", "on")
    assert chat.engine.requests[-1].sampling.temperature == 0.5


@pytest.mark.parametrize(("typed", "meant"), [("auto", "auto"), ("all", "all"), ("20", 20)])
def test_layers_are_what_fits_or_all_or_a_number(chat: Chat, typed: str, meant: int | str) -> None:
    assert chat("-o", "gpu_layers", typed, "Hi") == 0
    assert loaded(chat).gpu_layers == meant
    configure(chat, f"gpu_layers = {meant!r}\n")
    assert chat("Hi") == 0
    assert loaded(chat).gpu_layers == meant


@pytest.mark.parametrize("wrong", ["most", "-1", "true", "1.5"])
def test_other_layers_are_refused(chat: Chat, wrong: str) -> None:
    words = "gpu_layers must be one of auto, all or a whole number from 0 to 10,000"
    assert chat("-o", "gpu_layers", wrong, "Hi") == 2
    assert words in chat.err
    configure(chat, f"gpu_layers = {wrong if wrong != 'most' else repr(wrong)}\n")
    assert chat("Hi") == 1
    assert words in chat.err


def test_the_command_line_wins_over_the_configuration(chat: Chat) -> None:
    configure(chat, 'n_ctx = 512\nthreads = 3\nkv_type = "q4_0"\nbatch = 64\n')
    assert chat("-o", "n_ctx", "1024", "Hi") == 0
    used = loaded(chat)
    assert (used.n_ctx, used.threads, used.kv_type, used.batch) == (1024, 3, "q4_0", 64)


def test_a_chat_template_of_ones_own_is_loaded_with_the_model(chat: Chat, tmp_path: Path) -> None:
    (tmp_path / "own.jinja").write_text("{{ messages }}")
    other = chat.home / "data" / "models" / "zebra.gguf"
    other.write_bytes(b"GGUF")
    assert chat("--chat-template", "own.jinja", "--repl", stdin="Hi\n") == 0
    assert loaded(chat).chat_template == "{{ messages }}"
    options = ("--chat-template", "own.jinja", "-o", "threads", "3")
    assert chat(*options, "--repl", stdin="/model zebra\n") == 0
    assert (chat.loaded[0], loaded(chat).chat_template) == (other, None)
    assert loaded(chat).threads == 3


def test_the_model_in_use_is_not_loaded_a_second_time(chat: Chat, tmp_path: Path) -> None:
    (tmp_path / "own.jinja").write_text("{{ messages }}")
    options = ("--chat-template", "own.jinja", "-o", "keep_alive", "10m")
    model = chat.home / "data" / "models" / "tiny.gguf"
    names = f"/model tiny\n/model TI\n/model {model}\n"
    assert chat(*options, "--repl", stdin=f"Hi\n{names}") == 0
    assert (chat.err + chat.out).count("tiny is already in use") == 3
    assert chat.started == 1
    (chat.home / "data" / "models" / "zebra.gguf").write_bytes(b"GGUF of another")
    assert chat("--repl", stdin="/model zebra\n/model zebra\n/model tiny\n") == 0
    assert (chat.err + chat.out).count("is already in use") == 1
    assert chat.started == 4


def test_a_model_whose_file_was_replaced_is_loaded_anew(chat: Chat) -> None:
    model = chat.home / "data" / "models" / "tiny.gguf"
    runtime = Runtime({"CHAT_HOME": str(chat.home)}, lambda _path, _options: chat.engine)
    engine = runtime.start_engine("tiny")
    assert runtime.is_running(engine, "tiny")
    assert not runtime.is_running(engine, "tiny", {"n_ctx": 512})
    model.write_bytes(b"GGUF, newer")
    assert not runtime.is_running(engine, "tiny")


def test_snapshots_go_under_the_cache_folder_unless_nothing_may_be_left_behind(
    chat: Chat,
) -> None:
    folder = str(chat.home / "cache" / "snapshots")
    chat("Hi")
    layers = str(chat.home / "cache" / "gpu-layers.json")
    assert loaded(chat) == LoadOptions(name="tiny", snapshots=folder, layers_file=layers)
    chat("--no-save", "Hi")
    assert loaded(chat).snapshots is None
    configure(chat, "[snapshots]\nbudget_mib = 5\n")
    chat("Hi")
    assert (loaded(chat).snapshots, loaded(chat).snapshot_budget) == (folder, 5 * 2**20)
    configure(chat, "[snapshots]\nenabled = false\n")
    chat("Hi")
    assert loaded(chat).snapshots is None


def test_the_configuration_shows_how_weights_are_loaded(chat: Chat) -> None:
    configure(chat, 'kv_type = "q8_0"\nbatch = 64\n[snapshots]\nenabled = false\nbudgt_mib = 3\n')
    assert chat("config", "show") == 0
    for line in ('kv_type = "q8_0"', "batch = 64", "# threads is automatic", "enabled = false"):
        assert line in chat.out.splitlines()
    assert "did you mean snapshots.budget_mib?" in chat.err
    assert chat("config", "show", "--json") == 0
    values = json.loads(chat.out)
    assert (values["kv_type"], values["flash_attention"]) == ("q8_0", "auto")
    assert values["snapshots"] == {"enabled": False, "budget_mib": 2048}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('kv_type = "q5_0"', "kv_type must be one of f16, q8_0, q4_0"),
        ("kv_type = 16", "kv_type must be text"),
        ("batch = 0", "batch must be a whole number from 1 to 65,536"),
        ("flash_attention = true", "flash_attention must be text"),
        ("snapshots = true", "snapshots must be a table"),
        ("[snapshots]\nenabled = 1", "snapshots.enabled must be true or false"),
        ("[snapshots]\nbudget_mib = 0", "snapshots.budget_mib must be a whole number from 1"),
        ("[snapshots]\nbudget_mib = true", "snapshots.budget_mib must be a whole number"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_line(chat: Chat, text: str, words: str) -> None:
    configure(chat, text)
    assert chat("Hi") == 1
    assert words in chat.err
    assert chat.err.count("\n") == 1


def test_the_doctor_says_how_the_engine_would_run_and_why(chat: Chat) -> None:
    found = findings(chat)
    assert found["threads"].endswith(": the physical cores this process may use")
    assert found["context"].startswith("automatic: ")
    assert found["KV type"].startswith("f16")
    assert found["snapshots"].startswith("on; 0 files, 0.0 of 2,048 MiB")
    configure(chat, 'threads = 3\nkv_type = "q8_0"\nn_ctx = 512\n[snapshots]\nenabled = false\n')
    found = findings(chat)
    assert found["threads"] == "3: set in the configuration"
    assert found["context"] == "512: set in the configuration"
    assert found["KV type"] == "q8_0: set in the configuration"
    assert found["snapshots"].startswith("off")


def test_the_doctor_counts_snapshots_and_survives_what_it_cannot_read(chat: Chat) -> None:
    folder = chat.home / "cache" / "snapshots"
    (folder / "deep").mkdir(parents=True)
    (folder / "one.kv").write_bytes(bytes(2**20))
    (folder / "deep" / "two.kv").write_bytes(bytes(2**19))
    (folder / "other.tmp").write_bytes(bytes(2**20))
    (folder / "lost.kv").symlink_to(folder / "nowhere")
    assert "3 files, 1.5 of 2,048 MiB" in findings(chat)["snapshots"]
    (folder / "deep" / "two.kv").unlink()
    (folder / "lost.kv").unlink()
    assert "1 file, 1.0 of" in findings(chat)["snapshots"]
    configure(chat, "= broken")
    assert findings(chat)["snapshots"].startswith("on; 1 file")
