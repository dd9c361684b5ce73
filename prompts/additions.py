"""The file that a prompt's new examples go into: checked first, and then written whole or not."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from prompts.append import with_examples
from prompts.errors import NotAdded, PromptError
from prompts.files import MAX_BYTES
from prompts.inherit import Prompt
from prompts.jsonschema import SCHEMA_COMMENT
from prompts.library import Library
from prompts.reading import parse_prompt
from prompts.schema import AnyExample, Example, Template

_BOM = b"\xef\xbb\xbf"
_MARGIN = " \t\r\n"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Additions:
    """Adds examples to a prompt, in its own file or in a new one that extends it.

    What others do to the file meanwhile is never written over: the next addition is refused.
    """

    def __init__(self, library: Library, prompt: Prompt, folder: Path) -> None:
        """Read the file, if it is there.

        Args:
            library: Where the prompt was found.
            prompt: As it was loaded from there.
            folder: That of the file: the prompt's own, or one that is nearer.

        Raises:
            NotAdded: If its file cannot be read.
        """
        self._library = library
        self._prompt = prompt
        self._folder = folder
        self.path = folder / f"{prompt.name}.toml"
        """The file."""
        self.is_new = prompt.folder != folder
        """Whether there is no such file yet."""
        self._before = None if self.is_new else self._read()
        self.copied = 0 if self._has_examples() else len(prompt.examples)
        """Inherited examples that come along with the first addition: a file with examples of its
        own inherits none."""

    def add(self, example: Example) -> None:
        """Put one more example into the file, which has it for good when this returns.

        Raises:
            NotAdded: If the file was changed by others, cannot be written, or would not say what
                it should; it is as it was then.
        """
        inherited = self._prompt.examples[: self.copied]
        data = self._with([*inherited, example])
        prompt = self._checked(data, example)
        try:
            self._write(data)
        except OSError as error:
            raise NotAdded(self.path, error.strerror or str(error)) from error
        self._before, self._prompt = data, prompt
        self.copied, self.is_new = 0, False

    def _has_examples(self) -> bool:
        if self._before is None:
            return False
        file = parse_prompt(_text(self._before), name=self._prompt.name, path=self.path)
        return not (file.examples is None and file.examples_from is None)

    def _with(self, examples: Sequence[AnyExample]) -> bytes:
        data = self._before or b""
        new = f'{SCHEMA_COMMENT}extends = "{self._prompt.name}"\n'
        before = new if self._before is None else _text(data)
        try:
            text = with_examples(before, examples)
        except ValueError as error:
            raise NotAdded(self.path, str(error)) from error
        added = (_BOM if data.startswith(_BOM) else b"") + text.encode()
        if len(added) > MAX_BYTES:
            raise NotAdded(self.path, "it would be larger than 1 MiB")
        return added

    def _checked(self, data: bytes, example: Example) -> Prompt:
        """The prompt as the new bytes make it: the old one and the example, and nothing else."""
        try:
            file = parse_prompt(_text(data), name=self._prompt.name, path=self.path)
            prompt = self._library.adopt(file, self._folder)
        except PromptError as error:
            raise NotAdded(self.path, f"it would be wrong: {error}") from error
        rest = list(map(_bare, prompt.examples))
        if example not in rest:
            raise NotAdded(self.path, "the example would not be found in it")
        rest.remove(example)
        if rest != list(map(_bare, self._prompt.examples)) or _words(prompt) != _words(
            self._prompt
        ):
            raise NotAdded(self.path, "it would say something else than before")
        return prompt

    def _read(self) -> bytes:
        try:
            with open(self._real_path(), "rb", opener=_no_links) as file:
                return file.read(MAX_BYTES + 1)
        except OSError as error:
            raise NotAdded(self.path, error.strerror or str(error)) from error

    def _real_path(self) -> Path:
        """The file itself, which a link within the folder may lead to."""
        real = self.path.resolve()
        if not real.is_relative_to(self._folder.resolve()):
            raise NotAdded(self.path, "it is a link to a place outside its folder")
        return real

    def _write(self, data: bytes) -> None:
        """Take the safe steps: what is there is read again, kept beside, and replaced at once."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = self._real_path()
        with _locked(target.parent) as folder:
            self._refuse_changed(target)
            temporary = target.with_name(f".{target.name}.chat-{secrets.token_hex(8)}")
            backup = target.with_name(f".{target.name}.before")
            try:
                _write_new(temporary, data)
                if self._before is None:
                    _take_name(temporary, target)
                else:
                    backup.unlink(missing_ok=True)
                    _write_new(backup, self._before)
                    os.replace(temporary, target)
                os.fsync(folder)
            finally:
                with suppress(OSError):
                    temporary.unlink(missing_ok=True)
            backup.unlink(missing_ok=True)

    def _refuse_changed(self, target: Path) -> None:
        there = self._read() if os.path.lexists(target) else None
        if there != self._before:
            raise NotAdded(self.path, "it was changed meanwhile")


@contextmanager
def _locked(folder: Path) -> Iterator[int]:
    """A folder while no other process adds to a prompt in it."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield fd
    finally:
        os.close(fd)


def _write_new(path: Path, data: bytes) -> None:
    """A new file for the person alone, durable when this returns."""
    with open(path, "xb", opener=lambda name, _: os.open(name, _NEW, 0o600)) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _take_name(source: Path, target: Path) -> None:
    """Give a finished file its name, which must be free."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        # No hard links here, as on FAT: the name is taken first, and then replaced.
        os.close(os.open(target, _NEW, 0o600))
        os.replace(source, target)


def _no_links(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def _text(data: bytes) -> str:
    return data.decode("utf-8-sig")


def _bare(example: AnyExample) -> AnyExample:
    """An example as it looks to the model, whose edges are cut off."""
    if not isinstance(example, Example):
        return example
    return replace(
        example,
        input=example.input.strip(_MARGIN),
        output=example.output.strip(_MARGIN),
        instruction=example.instruction.strip(_MARGIN),
    )


def _words(prompt: Prompt) -> tuple[Prompt, list[str]]:
    """All that a prompt says, without its examples and wherever it is written."""
    here = Path()
    bare = replace(prompt, systems=(), user=Template("", here), examples=(), source="")
    texts = [template.source for template in (*prompt.systems, prompt.user)]
    return replace(bare, path=here, folder=here), texts
