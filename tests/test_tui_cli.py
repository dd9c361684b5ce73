"""The command line in this process, with a scripted engine: what it asks, prints and returns."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from openai.types.chat import ChatCompletion
from scripted_chat import Chat, uncoded

from engine.load_options import LoadOptions
from engine.protocol import Engine
from engine.scripted import Reply
from prompts.fence import MEANING


def test_an_answer_goes_to_stdout_and_nothing_else_does(chat: Chat) -> None:
    assert chat("Hi", "there") == 0
    assert (chat.out, chat.err) == ("Hello there.\n", "")
    assert chat.asked == [("user", "Hi there")]
    assert chat.saved == ["Hi there", "Hello there."]


def test_a_umask_does_not_take_what_is_saved_from_its_owner(chat: Chat) -> None:
    earlier = os.umask(0o777)
    try:
        assert chat("Hi") == 0
    finally:
        os.umask(earlier)
    folder = chat.home / "data" / "sessions"
    (session,) = folder.glob("*.jsonl")
    assert (folder.stat().st_mode & 0o777, session.stat().st_mode & 0o777) == (0o700, 0o600)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (MemoryError(), "there is not enough memory: end other programs, or lift the limit"),
        (OSError(errno.EMFILE, "Too many open files"), "Too many open files: lift the limit"),
    ],
)
def test_a_limit_that_is_reached_is_told_in_a_line(
    chat: Chat, monkeypatch: pytest.MonkeyPatch, error: Exception, line: str
) -> None:
    def refuse(path: Path, options: LoadOptions) -> Engine:
        raise error

    monkeypatch.setattr(chat, "start", refuse)
    assert chat("Hi") == 1
    assert chat.err.startswith(f"chat: {line} (ulimit -")


def test_continuing_sends_the_history(chat: Chat) -> None:
    chat("one")
    assert chat("-c", "two") == 0
    assert chat.asked == [("user", "one"), ("assistant", "Hello there."), ("user", "two")]


def test_continuing_uses_the_model_that_answered_last(chat: Chat) -> None:
    other = chat.home / "data" / "models" / "zebra.gguf"
    other.write_bytes(b"GGUF")
    chat("-m", "zebra", "one")
    chat("-c", "two")
    assert (chat.loaded[0], chat.err) == (other, "")
    other.unlink()
    assert chat("-c", "three") == 0
    assert chat.loaded[0].stem == "tiny"
    assert "zebra, which answered before, was not found" in chat.err


@pytest.mark.parametrize(
    "words", [("sesions",), ("session", "list"), ("model", "use", "x"), ("docter",)], ids=" ".join
)
def test_a_mistyped_subcommand_is_not_sent_to_the_model(chat: Chat, words: tuple[str, ...]) -> None:
    assert chat(*words) == 2
    assert "did you mean `chat " in chat.err
    assert chat("--", *words) == 0


def test_words_that_only_begin_like_a_subcommand_are_a_prompt(chat: Chat) -> None:
    assert chat("session", "titles", "for", "a", "conference") == 0
    assert chat("modelling in clay") == 0


def test_help_is_help(chat: Chat) -> None:
    assert chat("help") == 0
    assert "Usage: chat" in chat.out


def test_the_file_of_a_broken_prompt_can_be_found(chat: Chat) -> None:
    own = chat.home / "config" / "prompts" / "own.toml"
    own.parent.mkdir(parents=True)
    own.write_text("summry = 'x'\n")
    assert chat("prompts", "path", "own") == 0
    assert chat.out.strip() == str(own)


def test_a_session_is_continued_by_its_title(chat: Chat) -> None:
    chat("first question")
    chat("second question")
    assert chat("--session", "first", "more") == 0
    assert chat.asked[0] == ("user", "first question")


def test_an_unknown_session_is_exit_2_with_the_nearest(chat: Chat) -> None:
    chat("first question")
    assert chat("--session", "frist question", "more") == 2
    assert "did you mean first question?" in chat.err


def test_continuing_without_any_session_is_exit_2(chat: Chat) -> None:
    assert chat("-c", "two") == 2
    assert "no saved sessions" in chat.err


def test_piped_text_is_attached_to_a_prompt(chat: Chat) -> None:
    assert chat("summarise", stdin="Some notes.\n") == 0
    (system, question) = chat.asked
    assert system == ("system", MEANING)
    assert uncoded(question[1]) == (
        "summarise\n\n[begin of material CODE]\nSome notes.\n[end of material CODE]\n\nsummarise"
    )


def test_long_words_are_not_said_twice(chat: Chat) -> None:
    words = "Summarise this. " + "It is long, and I have much to say about it. " * 20
    assert chat(words, stdin="Some notes.\n") == 0
    question = chat.asked[-1][1]
    assert question.count("much to say") == 20
    assert question.endswith("]\n\nNow do what is asked above the material.")


def test_with_a_seed_a_text_has_the_same_fence_again(chat: Chat) -> None:
    questions = []
    for _ in range(2):
        assert chat("--seed", "1", "summarise", stdin="Some notes.\n") == 0
        questions.append(chat.asked[-1])
    assert questions[0] == questions[1]
    assert chat("summarise", stdin="Some notes.\n") == 0
    assert chat.asked[-1] != questions[0]


def test_a_fence_is_explained_once_beside_the_system_text_in_force(chat: Chat) -> None:
    chat.script("one", "two", "three")
    assert chat("-s", "Be brief.", "Hello") == 0
    assert chat("-c", "summarise", stdin="Some notes.") == 0
    assert chat.asked[0] == ("system", f"Be brief.\n\n{MEANING}")
    assert chat("-c", "And this?", stdin="Other notes.") == 0
    assert chat.asked[0] == ("system", f"Be brief.\n\n{MEANING}")
    assert chat.saved.count(f"Be brief.\n\n{MEANING}") == 1


def test_in_the_repl_a_fence_stays_explained(chat: Chat, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("Some notes.")
    chat.script("one", "two")
    assert chat("--repl", "-f", "notes.md", "-s", "Be brief.", stdin="Sum up\nThanks\n") == 0
    assert chat.asked[0] == ("system", f"Be brief.\n\n{MEANING}")
    assert chat.asked[-1] == ("user", "Thanks")
    assert chat.saved[-4:-2] == [chat.asked[1][1], "one"]


def test_words_that_are_the_text_of_a_prompt_are_not_fenced(chat: Chat) -> None:
    assert chat("-t", "summarise", "A short text.") == 0
    assert not any("of material" in content for _, content in chat.asked)


def test_examples_are_fenced_where_the_text_is_and_stay_the_same(chat: Chat) -> None:
    assert chat("-t", "summarise", stdin="A short text.") == 0
    *before, question = chat.asked
    assert before[0][1].endswith(MEANING)
    assert all("[begin of material " in text for role, text in before if role == "user")
    assert "[begin of material CODE]\nA short text.\n[end of material CODE]" in uncoded(question[1])
    assert chat("-t", "summarise", stdin="Another text.") == 0
    assert chat.asked[:-1] == before


def test_piped_text_alone_is_the_prompt(chat: Chat) -> None:
    assert chat(stdin="What is it?\n") == 0
    assert chat.asked == [("user", "What is it?")]


def test_files_are_attached_under_their_names(chat: Chat, tmp_path: Path) -> None:
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text(f"text of {name}\n")
    assert chat("-f", "a.md", "-f", "b.md", "compare") == 0
    assert uncoded(chat.asked[-1][1]) == (
        "compare\n\n"
        "[begin of material CODE: a.md]\ntext of a.md\n[end of material CODE]\n\n"
        "[begin of material CODE: b.md]\ntext of b.md\n[end of material CODE]\n\n"
        "compare"
    )


@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        ((), b"", "nothing to send"),
        (("  ",), b"", "nothing to send"),
        (("-f", "missing.md", "x"), b"", "missing.md cannot be read"),
        (("x",), b"\xff\xfe", "not UTF-8"),
        (("-p", "percent", "3", "x"), b"", "name the prompt with -t"),
        (("-t", "tigthen"), b"text", "did you mean 'tighten'?"),
        (("-t", "tighten"), b"", "needs: text (pipe the text in)"),
        (("-t", "tighten", "-p", "percnt", "3"), b"text", "percent"),
        (("-t", "tighten", "-p", "percent", "many"), b"text", "whole number"),
        (("-o", "temprature", "1", "x"), b"", "did you mean temperature?"),
        (("-o", "temperature", "99", "x"), b"", "from 0 to 10"),
        (("-o", "top_k", "1.5", "x"), b"", "a whole number"),
        (("--max-tokens", "0", "x"), b"", "max-tokens"),
        (("-m", "tinny", "x"), b"", "did you mean tiny?"),
        (("-m", "~nobody-here/x", "x"), b"", "is neither a file nor a known model"),
        (("-m", "a" * 300, "x"), b"", "is neither a file nor a known model"),
        (("-f", "/dev/zero", "x"), b"", "larger than 64 MiB"),
        (("--templte", "x"), b"", "--template"),
        (("--yes", "x"), b"", "goes with --edit"),
        (("--edit", "a.md", "--json"), b"", "does not go with --edit"),
        (("-n", "0", "x"), b"", "1<=x<=16"),
        (("--edit", "a.md", "--watch", "--diff"), b"", "--watch does not go with --diff"),
        (("--edit", "a.md", "--yes", "--diff"), b"", "--diff does not go with --yes"),
        (("--edit", "a.md", "--output", "b", "--diff"), b"", "--diff does not go with --output"),
        (("--edit", "-", "--watch"), b"", "--watch needs a file"),
        (("--edit", "a.md", "--watch"), b"", "--watch asks about each change on a terminal"),
        (("--edit", "a.md", "--logprobs", "0"), b"", "--logprobs does not go with --edit"),
        (("--edit", "a.md", "--raw"), b"", "--raw does not go with --edit"),
        (("--logprobs", "2", "--no-save", "x"), b"", "printed with --json, or saved"),
        (("--logprobs", "21", "x"), b"", "0<=x<=20"),
        (("--grammar", "a", "--schema", "b", "x"), b"", "--grammar does not go with --schema"),
        (("--grammar", "missing.gbnf", "x"), b"", "missing.gbnf cannot be read"),
        (("--grammar", "/dev/zero", "x"), b"", "larger than 1 MiB"),
        (("--schema", "/dev/null", "x"), b"", "/dev/null is not JSON"),
        (("--chat-template", "/dev/zero", "x"), b"", "larger than 1 MiB"),
        (("--ban", " ", "x"), b"", "--ban needs a phrase"),
        (("--ban", "caf\udce9", "x"), b"", "not UTF-8"),
        (("--raw", "-s", "Be brief.", "x"), b"", "--raw does not go with --system"),
        (("--raw", "--no-think", "x"), b"", "--raw does not go with --think"),
        (("--raw", "--chat-template", "a", "x"), b"", "--raw does not go with --chat-template"),
        (("--raw", "-p", "a", "b", "x"), b"", "--raw does not go with --param"),
        (("--raw",), b"", "--raw continues one text"),
        (("--raw", "x"), b"text", "--raw continues one text"),
        (("--compact", "x"), b"", "--compact goes with --continue or --session"),
        (("-c", "--compact", "--repl"), b"", "--repl does not go with --compact"),
        (("-o", "n_ctx", "0", "x"), b"", "-o n_ctx must be a whole number from 1 to"),
        (("-o", "n_ctx", "many", "x"), b"", "-o n_ctx must be a whole number"),
        (("-o", "threads", "513", "x"), b"", "from 1 to 512"),
        (("-o", "kv_type", "q5", "x"), b"", "one of f16, q8_0, q4_0"),
        (("-o", "flash_attention", "yes", "x"), b"", "one of auto, on, off"),
        (("-o", "nctx", "5", "x"), b"", "did you mean n_ctx?"),
        (("--edit", "a.md", "--lines", "1-3"), b"", "is not a range such as 40:60"),
        (("models", "quantize", "--format", "html"), b"", "No such option"),
        (("completion", "tcsh"), b"", "'bash', 'zsh', 'fish'"),
        (("--repl", "--json"), b"", "--repl does not go with --json"),
        (("-c", "--session", "x", "y"), b"", "--continue does not go with --session"),
        (("caf\udce9",), b"", "the prompt is not UTF-8"),
        (("sessions", "lst"), b"", "list"),
        (("models", "of", "the", "atom"), b"", "No such command"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_usage_is_exit_2_in_one_line_that_helps(
    chat: Chat, arguments: Sequence[str], stdin: bytes, words: str
) -> None:
    assert chat(*arguments, stdin=stdin) == 2
    assert words in chat.err
    assert chat.err.count("\n") == 1
    assert chat.out == ""
    assert chat.engine.requests == []


@pytest.mark.parametrize("group", ["sessions", "prompts", "models", "drafts", "config"])
def test_a_subcommand_alone_shows_what_it_can_do(chat: Chat, group: str) -> None:
    assert chat(group) == 2
    assert f"Usage: chat {group}" in chat.err
    assert chat.err.count("\n") > 5


def test_a_store_that_cannot_be_used_is_said_before_the_model_is_asked(chat: Chat) -> None:
    chat("Hi")
    (chat.home / "data" / "sessions").rename(chat.home / "data" / "elsewhere")
    (chat.home / "data" / "sessions").write_text("in the way")
    assert chat("Hi") == 1
    assert "data/sessions" in chat.err
    assert chat.err.count("\n") == 1
    assert len(chat.engine.requests) == 1


def test_two_dashes_make_a_prompt_of_a_subcommands_name(chat: Chat) -> None:
    assert chat("--", "models", "of", "the", "atom") == 0
    assert chat.asked == [("user", "models of the atom")]


def test_a_prompt_of_the_library_brings_system_text_examples_and_sampling(chat: Chat) -> None:
    assert chat("-t", "tighten", "-p", "percent", "35", stdin="At this point in time.\n") == 0
    roles = [role for role, _ in chat.asked]
    assert roles == ["system", *["user", "assistant"] * (len(roles) // 2 - 1), "user"]
    assert len(roles) >= 6
    assert "35" in chat.asked[-1][1]
    assert "At this point in time." in chat.asked[-1][1]
    assert chat.engine.requests[-1].sampling.temperature < 0.7


def test_command_line_sampling_wins_over_the_prompts_and_the_configurations(chat: Chat) -> None:
    config = chat.home / "config" / "config.toml"
    config.parent.mkdir()
    config.write_text('system = "Be kind."\n[sampling]\ntop_p = 0.5\ntemperature = 0.1\n')
    assert chat("-o", "temperature", "0.9", "--seed", "7", "--max-tokens", "1", "Hi") == 0
    request = chat.engine.requests[-1]
    assert (request.sampling.temperature, request.sampling.top_p) == (0.9, 0.5)
    assert (request.sampling.seed, request.max_tokens) == (7, 1)
    assert chat.asked[0] == ("system", "Be kind.")
    assert "cut off" in chat.err


def test_json_is_a_chat_completion(chat: Chat) -> None:
    assert chat("--json", "Hi") == 0
    completion = ChatCompletion.model_validate_json(chat.out, strict=False)
    assert completion.choices[0].message.content == "Hello there."
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage is not None
    assert completion.usage.prompt_tokens_details is not None
    values = json.loads(chat.out)
    assert set(values) >= {"session", "turn", "timings"}


def test_json_of_a_cut_answer_says_length(chat: Chat) -> None:
    assert chat("--json", "--max-tokens", "1", "Hi") == 0
    assert ChatCompletion.model_validate_json(chat.out).choices[0].finish_reason == "length"


def test_reasoning_is_kept_and_is_no_part_of_the_answer(chat: Chat) -> None:
    chat.script(Reply("Yes.", reasoning="Let me think."), "Again.")
    assert chat("Is it?") == 0
    assert chat.out == "Yes.\n"
    assert chat("sessions", "show", "--json") == 0
    assert json.loads(chat.out)["turns"][1]["reasoning"] == "Let me think."
    assert chat("-c", "Sure?") == 0
    assert ("assistant", "Yes.") in chat.asked
    assert "think" not in str(chat.asked)


def test_no_save_leaves_nothing(chat: Chat) -> None:
    assert chat("--no-save", "Hi") == 0
    assert not (chat.home / "data" / "sessions").exists()


def test_a_dry_run_prints_what_would_be_sent_and_asks_nothing(chat: Chat) -> None:
    assert chat("--dry-run", "-s", "Be brief.", "Hi") == 0
    assert chat.out == "[system]\nBe brief.\n\n[user]\nHi\n\n"
    assert "3 tokens" in chat.err
    assert chat.engine.requests == []
    assert not (chat.home / "data" / "sessions").exists()


def test_what_does_not_fit_is_exit_4_with_both_numbers(chat: Chat) -> None:
    chat.script("no", n_ctx=10)
    assert chat(" word" * 2000) == 4
    assert "2,000 tokens and the context holds 9, 1,991 too many: shorten" in chat.err


def test_an_engine_that_fails_midway_is_exit_1_and_the_rest_is_kept(chat: Chat) -> None:
    chat.script(Reply("half an", "error", "the engine stopped (SIGSEGV)"))
    assert chat("Hi") == 1
    assert chat.out == "half an\n"
    assert "SIGSEGV" in chat.err
    assert chat.saved[-1] == "half an"


def test_control_characters_of_an_error_never_reach_the_terminal(chat: Chat) -> None:
    chat.script(Reply("x", "error", "bad \x1b[2J thing"))
    chat("Hi")
    assert "\x1b" not in chat.err


def test_sessions_are_listed_shown_and_located(chat: Chat) -> None:
    chat("first question")
    assert chat("sessions", "list", "--json") == 0
    (summary,) = json.loads(chat.out)
    assert summary["title"] == "first question"
    assert chat("sessions", "show", summary["id"][:8]) == 0
    assert "[assistant]\nHello there." in chat.out
    assert chat("sessions", "show", "--json") == 0
    assert json.loads(chat.out)["turns"][1]["content"] == "Hello there."
    assert chat("sessions", "path", "first") == 0
    assert Path(chat.out.strip()).stat().st_mode & 0o777 == 0o600


def test_prompts_are_listed_shown_and_located(chat: Chat) -> None:
    assert chat("prompts", "list") == 0
    names = [line.split("\t")[0] for line in chat.out.splitlines()]
    wanted = ["proofread", "tighten", "rephrase", "continue", "summarise", "outline", "critique"]
    assert set(names) >= {*wanted, "titles"}
    assert chat("prompts", "show", "tighten") == 0
    assert "percent" in chat.out
    assert chat("prompts", "path") == 0
    assert chat.out.strip().endswith("prompts")


def test_a_users_prompt_shadows_the_packaged_one(chat: Chat) -> None:
    own = chat.home / "config" / "prompts" / "tighten.toml"
    own.parent.mkdir(parents=True)
    own.write_text('summary = "mine"\nuser = "Cut: {{ text }}"\n')
    chat("prompts", "list")
    assert "tighten\tmine\t\tuser (over packaged)" in chat.out
    assert chat("-t", "tighten", stdin="{{ text }} stays") == 0
    assert uncoded(chat.asked[-1][1]) == (
        "Cut: [begin of material CODE]\n{{ text }} stays\n[end of material CODE]"
    )


def test_models_are_listed_and_located(chat: Chat) -> None:
    assert chat("models", "list", "--json") == 0
    assert "tiny" in [Path(each["path"]).stem for each in json.loads(chat.out)["unusable"]]
    assert chat("models", "path", "tin") == 0
    assert chat.out.strip().endswith("tiny.gguf")
    assert chat("models", "info") == 1
    assert "tiny.gguf ends within its header" in chat.err


def test_config_is_shown_and_located_and_typos_are_pointed_out(chat: Chat) -> None:
    config = chat.home / "config" / "config.toml"
    config.parent.mkdir()
    config.write_text('modle = "x"\nn_ctx = 512\n[sampling]\ntemperatur = 1\n')
    assert chat("config", "show") == 0
    assert "n_ctx = 512" in chat.out
    assert "did you mean model?" in chat.err
    assert "did you mean sampling.temperature?" in chat.err
    assert chat("config", "path") == 0
    assert chat.out.strip() == str(config)
    assert chat("config", "show", "--json") == 0
    assert json.loads(chat.out)["n_ctx"] == 512


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("n_ctx = 0", "from 1 to"),
        ("threads = 100000", "from 1 to 512"),
        pytest.param("x = " + "[" * 3000, "config.toml", id="nested"),
        pytest.param("n_ctx = " + "1" * 5000, "config.toml", id="digits"),
        ('n_ctx = "many"', "whole number"),
        ("[sampling]\ntop_p = 3", "from 0 to 1"),
        ("= 3", "line 1"),
    ],
)
def test_a_broken_configuration_is_one_line(chat: Chat, text: str, words: str) -> None:
    config = chat.home / "config" / "config.toml"
    config.parent.mkdir()
    config.write_text(text)
    assert chat("Hi") == 1
    assert words in chat.err
    assert chat.err.count("\n") == 1
    assert chat("config", "path") == 0


def test_a_deleted_working_directory_does_not_matter(
    chat: Chat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert chat("-t", "tighten", stdin="Some text.") == 0


def test_a_prompt_library_of_somebody_else_is_passed_over(
    chat: Chat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / ".chat" / "prompts"
    library.mkdir(parents=True)
    (library / "own.toml").write_text('user = "{{ text }}"\n')
    assert chat("-t", "own", stdin="x") == 0
    below = tmp_path / "repository" / "deep"
    (below.parent / ".git").mkdir(parents=True)
    below.mkdir()
    monkeypatch.chdir(below)
    assert chat("-t", "own", stdin="x") == 2


def test_the_repl_reads_commands_and_questions_from_a_pipe(chat: Chat) -> None:
    chat.script("one", "two")
    lines = ["first", "/system Be brief.", "second", "/model", "/nwe", "/exit", "never"]
    assert chat("--repl", stdin="\n".join(lines)) == 1  # for the command that there is not
    assert "one\n" in chat.out
    assert "two\n" in chat.out
    assert "the model is tiny" in chat.out
    assert "did you mean /new?" in chat.err
    assert chat.asked[0] == ("system", "Be brief.")
    assert ("user", "never") not in chat.asked
    assert chat.saved == ["first", "one", "Be brief.", "second", "two"]


def test_a_system_text_lasts_until_it_is_replaced(chat: Chat) -> None:
    chat.script("one", "two", "three", "four")
    lines = ["a", "/system Second.", "b", "/new", "c"]
    assert chat("--repl", "-s", "First.", stdin="\n".join(lines)) == 0
    systems = [request.messages[0].content for request in chat.engine.requests]
    assert systems == ["First.", "Second.", "First."]


def test_a_line_that_is_not_utf_8_is_said(chat: Chat) -> None:
    assert chat("--repl", stdin=b"caf\xe9\n") == 2
    assert "not UTF-8" in chat.err


def test_an_instruction_gets_its_place_even_where_the_prompt_has_none(chat: Chat) -> None:
    own = chat.home / "config" / "prompts" / "own.toml"
    own.parent.mkdir(parents=True)
    own.write_text('user = "Cut: {{ text }}"\n')
    assert chat("-t", "own", "short", stdin="A short text.") == 0
    assert uncoded(chat.asked[-1][1]) == (
        "short\n\nCut: [begin of material CODE]\nA short text.\n[end of material CODE]"
    )


def test_new_begins_a_session_and_an_error_does_not_end_the_repl(chat: Chat) -> None:
    chat.script("one", "two", n_ctx=20)
    long = " word" * 50
    assert chat("--repl", stdin=f"first\n/new\n{long}\nsecond\n") == 1
    assert "50 tokens and the context holds 19" in chat.err
    assert chat.saved[-2:] == ["second", "two"]
    assert "first" not in chat.saved
