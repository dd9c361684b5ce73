"""A text in the person's own editor, whatever becomes of that."""

from __future__ import annotations

import click

from tui.errors import UsageProblem


def edit_text(text: str, *, extension: str = ".md") -> str | None:
    """What the editor leaves of a text; None where it was not saved.

    Raises:
        UsageProblem: If no editor can be run, or what it leaves cannot be read.
    """
    try:
        # Half a character could not be written to its file.
        return click.edit(text.encode(errors="replace").decode(), extension=extension)
    except click.ClickException as error:
        raise UsageProblem(f"the editor could not be run: {error.format_message()}") from error
    except OSError as error:
        raise UsageProblem(f"the editor's file cannot be used: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageProblem("what the editor left is not UTF-8 text") from error
