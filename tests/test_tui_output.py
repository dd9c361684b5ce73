"""In which forms an answer is printed, what is told of it, and what it is given to work on."""

from __future__ import annotations

import fcntl
import io
import json
import os
import re
import signal
import struct
import termios
import threading
from pathlib import Path
from time import sleep

import pytest
from scripted_chat import Chat, uncoded

from engine.scripted import Reply
from tui.output import Output

FENCED = "Here you are:\n\n```python\nprint(1)\n```\n\nAnd:\n\n```\nsecond\n```\n"


def test_the_first_fenced_block_is_extracted_and_the_whole_answer_saved(chat: Chat) -> None:
    chat.script(FENCED)
    assert chat("-x", "Write it") == 0
    assert (chat.out, chat.err) == ("print(1)\n", "")
    assert chat.saved[-1] == FENCED


@pytest.mark.parametrize(
    ("answer", "block"),
    [
        ("~~~\na\n```\nb\n~~~", "a\n```\nb\n"),
        ("- item\n\n  ```sh\n  ls\n  ```\n", "ls\n"),
        ("````md\n```\ninner\n```\n````", "```\ninner\n```\n"),
        ("```\ncut off", "cut off"),
    ],
)
def test_fences_are_read_as_markdown_has_them(chat: Chat, answer: str, block: str) -> None:
    chat.script(answer)
    assert chat("-x", "Write it") == 0
    assert chat.out == block


def test_an_answer_without_a_block_is_told_and_shown_elsewhere(chat: Chat) -> None:
    assert chat("-x", "--no-save", "Write it") == 1
    assert chat.out == ""
    assert "no code block" in chat.err
    assert "Hello there." in chat.err


def test_blocks_of_several_answers_are_kept_apart(chat: Chat) -> None:
    chat.script("```\na\n```", "none", "```\nb\n```")
    assert chat("-x", "-n", "3", "--separator", "==", "Write it") == 1
    assert chat.out == "a\n==\nb\n"


@pytest.mark.parametrize(
    ("separator", "out"),
    [
        ("===", "One.\n===\nTwo.\n"),
        (r"\0", "One.\0Two."),
        (r"\n", "One.\n\nTwo.\n"),
        (r"a\tb\\n", "One.\na\tb\\n\nTwo.\n"),
        ("", "One.\n\nTwo.\n"),
    ],
)
def test_answers_are_separated_as_the_person_says(chat: Chat, separator: str, out: str) -> None:
    chat.script("One.", "Two.")
    assert chat("-n", "2", "--separator", separator, "Hi") == 0
    assert chat.out == out


def test_events_are_streamed_as_lines_of_json(chat: Chat) -> None:
    chat.script(Reply("Yes, I do.", reasoning="Well.", notices=("a notice",)))
    assert chat("--json-lines", "--logprobs", "1", "Hi") == 0
    lines = [json.loads(line) for line in chat.out.splitlines()]
    kinds = [line["type"] for line in lines]
    assert kinds[0] == "prefill"
    assert {"notice", "reasoning", "scored"} <= set(kinds)
    assert kinds[-2:] == ["finished", "answers"]
    assert "".join(line["text"] for line in lines if line["type"] == "piece") == "Yes, I do."
    assert lines[-2]["reason"] == "end"
    assert lines[-2]["usage"]["completion_tokens"] == 3
    assert chat("sessions", "show", "--json") == 0
    session = json.loads(chat.out)
    assert lines[-1]["session"] == session["id"]
    assert lines[-1]["turns"] == [session["turns"][-1]["id"]]


def test_a_failure_is_an_event_a_line_on_stderr_and_an_exit_code(chat: Chat) -> None:
    chat.script(Reply("half", "error", "it broke"))
    assert chat("--json-lines", "Hi") == 1
    finished = json.loads(chat.out.splitlines()[-2])
    assert (finished["reason"], finished["error"]) == ("error", "it broke")
    assert "it broke" in chat.err


def test_tokens_and_speeds_are_told_on_stderr(chat: Chat) -> None:
    chat.script("One two three.", "Four five.")
    assert chat("--stats", "-n", "2", "Hi there you") == 0
    assert chat.out == "One two three.\n---\nFour five.\n"
    assert "read 3 tokens, 0 of them cached" in chat.err
    assert "wrote 5 tokens" in chat.err


def test_the_time_is_told_step_by_step(chat: Chat) -> None:
    assert chat("--timings", "Hi") == 0
    assert chat.out == "Hello there.\n"
    steps = re.findall(r"^ +[\d.]+ s +([\d.]+) s  (.+)$", chat.err, re.MULTILINE)
    assert [step for _, step in steps] == [
        "Python is there",
        "the command line is read",
        "the program is loaded",
        "the worker is started",
        "the session is open",
        "the question is put together",
        "the weights are loaded",
        "the prompt is read",
        "the answer is whole",
    ]
    moments = [float(moment) for moment, _ in steps]
    assert moments == sorted(moments)


def test_a_dry_run_says_what_each_message_costs(chat: Chat) -> None:
    assert chat("--dry-run", "-s", "Be brief.", "Hi") == 0
    assert chat.err == "3 tokens of 4,096: system 2, user 1\n"
    assert chat("--dry-run", "--json", "-s", "Be brief.", "Hi") == 0
    assert json.loads(chat.out) == {
        "model": "tiny",
        "messages": [
            {"role": "system", "content": "Be brief.", "tokens": 2},
            {"role": "user", "content": "Hi", "tokens": 1},
        ],
        "tokens": 3,
        "n_ctx": 4096,
    }
    assert chat.engine.requests == []


def test_too_much_text_is_exit_4_with_the_size_of_each_part(chat: Chat, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("one " * 30)
    (tmp_path / "b.md").write_text("two " * 50)
    chat.script("no", n_ctx=64)
    assert chat("-s", "Be very brief.", "-f", "a.md", "-f", "b.md", "compare", stdin="x y z") == 4
    assert chat.err.count("\n") == 1
    parts = re.search(r"too many \((.*)\): shorten the text", chat.err)
    assert parts is not None
    sizes = {name: int(size) for name, size in re.findall(r"([a-z.A-Z ]+) (\d+)", parts[1])}
    sizes = {name.strip(): size for name, size in sizes.items()}
    assert next(iter(sizes)) == "b.md"
    assert 50 <= sizes["b.md"] <= 51
    assert 30 <= sizes["a.md"] <= 31
    assert sizes["piped text"] == 3
    assert sizes["the question about them"] > 2
    assert sizes["system text"] > 3
    total = re.search(r"the prompt has (\d+) tokens", chat.err)
    assert total is not None
    assert abs(sum(sizes.values()) - int(total[1])) <= 2


def test_a_folder_is_all_its_files_like_a_pattern(chat: Chat, tmp_path: Path) -> None:
    for name in ("notes/a.md", "notes/deep/a.md", "notes/c.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"text of {name}\n")
    assert chat("-f", "notes", "--glob", "**/*.md", "compare") == 0
    question = uncoded(chat.asked[-1][1])
    assert "CODE: notes/a.md]\ntext of notes/a.md\n" in question
    assert "CODE: notes/deep/a.md]\ntext of notes/deep/a.md\n" in question
    assert "c.txt" not in question


def test_standard_input_stands_where_the_dash_does(chat: Chat, tmp_path: Path) -> None:
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text(f"text of {name}\n")
    assert chat("-f", "a.md", "-f", "-", "-f", "b.md", "compare", stdin="piped\n") == 0
    question = chat.asked[-1][1]
    assert question.index("text of a") < question.index("piped") < question.index("text of b")
    assert question.count("piped") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-f", ".", "x"), "is a folder: choose its files"),
        (("-f", ".", "--glob", "*.none", "x"), "has no file that matches *.none"),
        (("-f", ".", "--glob", "", "x"), "no pattern"),
        (("-f", ".", "--glob", "/etc/*", "x"), "no pattern"),
        (("-f", ".", "--glob", "../*", "x"), "no pattern within a folder"),
        (("-f", ".", "--glob", "a/../../*", "x"), "no pattern within a folder"),
        (("-f", "", "x"), "an empty name is not a file"),
        (("--edit", "", "x"), "an empty name is not a file"),
        (("-f", "-", "x"), "pipe a text in"),
        (("-f", "-", "-f", "-", "x"), "can only be read once"),
        (("--glob", "*.md", "x"), "--glob goes with --file FOLDER or --edit FOLDER"),
        (("--separator", "x", "y"), "goes with --alternatives"),
        (("--json", "--json-lines", "x"), "--json does not go with --json-lines"),
        (("--json-lines", "-x", "x"), "--json-lines does not go with --extract"),
        (("--repl", "-x"), "--repl does not go with --extract"),
        (("--dry-run", "--stats", "x"), "--dry-run does not go with --stats"),
        (("--edit", "a.md", "--timings"), "--timings does not go with --edit"),
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_wrong_usage(
    chat: Chat, arguments: tuple[str, ...], words: str
) -> None:
    assert chat(*arguments) == 2
    assert words in chat.err
    assert chat.err.count("\n") == 1


def test_a_line_goes_out_at_once_where_nothing_is_to_be_buffered() -> None:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    with open(writer, "wb", buffering=0) as raw:
        unbuffered = io.TextIOWrapper(raw, "utf-8", write_through=True)
        output = Output.of(unbuffered)
        print("A line.", file=output)
        assert os.read(reader, 100) == b"A line.\n"
    os.close(reader)


class Stopped(Exception):
    """What the handler of a signal raises."""


def test_a_signal_while_a_pipe_is_full_neither_loses_nor_repeats_a_word() -> None:
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    words = "".join(f"{number:07} " for number in range(1000))
    main_thread, taken = threading.get_ident(), bytearray()

    def stop(_number: int, _frame: object) -> None:
        raise Stopped

    def interrupt_and_read() -> None:
        while fcntl.ioctl(reader, termios.FIONREAD, bytes(4)) != struct.pack("i", 4096):
            sleep(0.001)
        signal.pthread_kill(main_thread, signal.SIGUSR1)
        while data := os.read(reader, 65_536):
            taken.extend(data)

    previous = signal.signal(signal.SIGUSR1, stop)
    thread = threading.Thread(target=interrupt_and_read)
    thread.start()
    try:
        with open(writer, "w", encoding="utf-8") as stream:
            output = Output.of(stream)
            with pytest.raises(Stopped):
                print(words, end="", file=output, flush=True)
            output.flush()
    finally:
        signal.signal(signal.SIGUSR1, previous)
        thread.join()
        os.close(reader)
    assert taken.decode() == words
