"""Everything that can be done, by its words: the registry's commands and the keys' actions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import Binding, BindingType
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.dom import DOMNode

from tui.commands import COMMANDS, Command

if TYPE_CHECKING:
    from tui.app.app import ChatApp


class Palette(CommandPalette):
    """The list and the line to type in, as quiet as the other lists."""

    CSS = """
    Palette > Vertical { margin-top: 2; max-width: 100; }
    Palette #--input { border: none; background: $surface; }
    Palette SearchIcon { width: 2; visibility: hidden; }
    Palette CommandList { border: none; background: $surface; scrollbar-size-vertical: 1; }
    Palette CommandList:focus { border: none; }
    Palette CommandList > .option-list--option { text-style: none; }
    Palette LoadingIndicator { display: none; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+n", "cursor_down", "next", show=False, id="palette.next"),
        Binding("ctrl+p", "command_list('cursor_up')", "previous", show=False, id="palette.before"),
    ]

    def _action_command_list(self, action: str) -> None:
        # Before its first layout a list has no lines, and Textual looks for those of a page.
        if self.query_one(CommandList).scrollable_content_region:
            super()._action_command_list(action)


class RegistryCommands(Provider):
    """The commands of the registry; one that needs words is begun in the composer."""

    async def discover(self) -> Hits:
        """All of them, in their order."""
        for name, help_text, run in self._entries():
            yield DiscoveryHit(Content(name), run, text=name, help=help_text)

    async def search(self, query: str) -> Hits:
        """Those that have the query's letters."""
        matcher = self.matcher(query)
        for name, help_text, run in self._entries():
            score = max(matcher.match(name), matcher.match(help_text) * 0.8)
            if score > 0:
                yield Hit(score, Content(name), run, text=name, help=help_text)

    def _entries(self) -> Iterator[tuple[str, str, partial[None]]]:
        for command in COMMANDS:
            yield command.usage, command.summary, partial(self._run, command)
        for active in self.screen.active_bindings.values():
            binding = active.binding
            # Those without an id are Textual's own: how a cursor moves in a line.
            if binding.description and binding.id and active.enabled:
                action = partial(self._act, binding.action, active.node)
                yield binding.description, f"key: {self.app.get_key_display(binding)}", action

    def _run(self, command: Command) -> None:
        app = cast("ChatApp", self.app)
        takes_words = command.argument and not command.argument.startswith("[")
        if takes_words or "PATH" in command.argument:
            app.chat.composer.put(f"/{command.name} ")
            app.chat.composer.focus()
        else:
            app.chat.action_command(f"/{command.name}")

    def _act(self, action: str, node: DOMNode) -> None:
        self.app.call_later(self.app.run_action, action, node)
