"""The Textual app: its screens, the thread behind them, and what is true of all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import cached_property
from threading import Event
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.events import Paste, Resize
from textual.geometry import Size
from textual.reactive import reactive
from textual.screen import Screen
from textual.theme import Theme

from tui.app.faults import FaultLog, Steadfast
from tui.app.hangup import end_with_terminal
from tui.app.messages import Activity, Download, DownloadMoved, Failed
from tui.app.overview import Overview
from tui.app.person import Person
from tui.app.screens.chat import ChatScreen
from tui.app.thread import Errand, TalkThread
from tui.app.unsent import Unsent
from tui.colours import begin_with_colours, few_colours
from tui.config import ConfigError
from tui.errors import explain
from tui.interrupts import is_job
from tui.options import AskOptions
from tui.runtime import Runtime
from tui.sanitize import sanitize, sanitize_line
from tui.terminal_driver import TerminalDriver
from tui.typed_ahead import TypedAhead
from tui.widgets.choice_list import ChoiceList
from tui.widgets.hints import key_name

if TYPE_CHECKING:
    from sessions import Hit
    from tui.app.downloading import Downloader
    from tui.app.talk import AppTalk

_LONGEST_FILL_S = 0.5
"""So long the session's end may take to be drawn before everything else goes on."""

_SHORT = 160
"""Characters of a line that is shown in passing."""

_LEAST = Size(20, 6)
"""Nothing is laid out for fewer columns and lines: a smaller window shows a part of it. Textual's
lists and text areas break where they have no cell at all."""


class ChatApp(Steadfast, TypedAhead[int]):
    """Ends with an exit code; `error` is why it could not begin."""

    TITLE = "chat"
    CSS_PATH = "screens/chat.tcss"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "help", id="app.help"),
        Binding("ctrl+p", "command_palette", "all commands", id="app.palette", priority=True),
        Binding("ctrl+b", "app.sessions", "sessions", id="app.sessions"),
        Binding("f3", "prompts", "prompts", id="app.prompts"),
        Binding("f2", "app.inspector", "what the model gets", id="app.inspector"),
        Binding("f12", "picture", "picture of the conversation", id="app.picture"),
        Binding("f8", "app.settings", "settings", id="app.settings"),
        Binding("f9", "change_theme", "colours", id="app.theme"),
        # Where words are written the key takes back what was typed.
        Binding("ctrl+z", "suspend_process", "suspend; fg resumes", id="app.suspend"),
        Binding("ctrl+q", "leave", "quit", id="app.leave", priority=True),
    ]
    ENABLE_COMMAND_PALETTE = False  # Its binding is above, with an id.

    overview: reactive[Overview] = reactive(Overview())
    """The conversation as it is now; panels and screens watch it."""
    activity: reactive[Activity | None] = reactive[Activity | None](None)
    """What is going on; None where nothing is."""
    download: reactive[Download | None] = reactive[Download | None](None)
    """The model that is being downloaded, or was last."""

    def __init__(self, runtime: Runtime, options: AskOptions) -> None:
        """Nothing runs yet.

        Args:
            runtime: Places, settings, and how to start an engine.
            options: What the command line says.
        """
        super().__init__(driver_class=TerminalDriver, ansi_color=few_colours())
        begin_with_colours(self)
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-wide")]
        self.VERTICAL_BREAKPOINTS = [(0, "-short"), (16, "-tall")]
        self.error: Exception | None = None
        """Why the conversation could not begin."""
        self.runtime = runtime
        self.options = options
        self.fault_log = FaultLog(runtime.paths.faults, self._tell_fault)
        self.chat = ChatScreen(Unsent(runtime.paths.unsent) if options.save else None)
        self.person = Person(self)
        self.ways_back: list[Errand] = []
        """What takes back what was done in the list of sessions, the last one last."""
        self._thread = TalkThread(self._begin, self.chat.post_message, self.fault_log)
        self._end_is_drawn = Event()
        """Set when the window has been full of turns."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_ended = False
        self.end_review: Callable[[], None] = _no_review
        """Ends the review of a draft, which the conversation's thread would wait for."""

    def get_default_screen(self) -> Screen[None]:
        """See `App`."""
        return self.chat

    def on_mount(self) -> None:
        """Show the first frame, and only then load what takes time."""
        self._loop = asyncio.get_running_loop()
        self.person.arrive()
        if self._is_ended:
            self.leave()
            return
        try:
            self.apply_config()
        except ConfigError as error:
            self.leave(error)
            return
        self.theme_changed_signal.subscribe(self, self._keep_theme)
        if self.runtime.stdin.isatty() and not self.is_headless:
            end_with_terminal(self.runtime.stdin.fileno(), self._stop)
        self.call_after_refresh(self._start)

    async def take_input(self, event: events.Event) -> None:
        """See `TypedAhead`. What is pasted into any field is shown by it as it is; the composer
        alone keeps the characters of a long text for the model."""
        if isinstance(event, Paste) and self.focused is not self.chat.composer:
            event.text = sanitize(event.text)
        await super().take_input(event)

    async def _on_resize(self, event: Resize) -> None:
        # Textual would go on with its own handler, and with the size as it is.
        event.prevent_default()
        size = Size(max(event.size.width, _LEAST.width), max(event.size.height, _LEAST.height))
        await super()._on_resize(Resize(size, size, size, event.pixel_size))

    def apply_config(self) -> None:
        """Take keys and colours as the configuration says."""
        self.set_keymap(dict(self.runtime.config.keys))
        if self.runtime.config.theme in self.available_themes:
            self.theme = self.runtime.config.theme

    async def on_unmount(self) -> None:
        """Wait until everything is saved."""
        loop = asyncio.get_running_loop()
        if "downloader" in vars(self):
            await loop.run_in_executor(None, self.downloader.close)
        await loop.run_in_executor(None, self._stop)

    def _stop(self) -> None:
        self._end_is_drawn.set()
        self.person.leave()
        self.end_review()
        self._thread.stop()
        self.chat.keeper.keep_now()

    def _start(self) -> None:
        self._thread.start()
        self._thread.do(_begin_talk)

    def _begin(self, thread: TalkThread) -> AppTalk:
        # In the thread, behind the first frame: the last turns, and then what takes long to import.
        from tui.app.opening import open_at_end

        log = open_at_end(self.runtime, self.options, self.chat.post_message)
        if log.session.turns:
            # Python does one thing at a time: what is imported now is drawn later.
            self._end_is_drawn.wait(_LONGEST_FILL_S)
        from tui.app.talk import AppTalk

        return AppTalk(self.runtime, self.options, log, thread, self.person, self.chat.post_message)

    def on_transcript_filled(self) -> None:
        """The end of the session can be read."""
        self._end_is_drawn.set()

    def do(self, errand: Errand) -> None:
        """Have something done with the conversation, after what was asked for before."""
        self._thread.do(errand)

    @property
    def can_stop(self) -> bool:
        """Whether something is being made that Escape ends."""
        return self.activity is not None and self.activity.can_stop

    def cancel(self) -> None:
        """End the answer that is being made, and keep it."""
        self._thread.cancel()

    def end(self) -> None:
        """Save and leave. From a signal handler, also before there is a screen."""
        self._is_ended = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.leave)

    def leave(self, error: Exception | None = None) -> None:
        """Save and leave."""
        self.error = error
        self.exit(0)

    def tell(self, lines: Sequence[str], *, is_warning: bool = False) -> None:
        """Show lines: a short one in passing, several until they are read."""
        if len(lines) == 1 and len(lines[0]) <= _SHORT:
            line = sanitize_line(lines[0])
            self.notify(line, severity="warning" if is_warning else "information", markup=False)
            return
        from tui.widgets.dialogs import ShowText

        self.push_screen(ShowText(sanitize("\n".join(lines))))

    @cached_property
    def downloader(self) -> Downloader:
        """Gets models while everything else goes on."""
        from tui.app.downloading import Downloader

        return Downloader(self.runtime, self.post_message, self.fault_log)

    def on_download_moved(self, message: DownloadMoved) -> None:
        """Show what came of a download; a first model is used at once."""
        download = self.download = message.download
        if not download.end:
            return
        from tui.app.errands import use_model
        from tui.app.missing import MissingEngine
        from tui.app.screens.models import ModelsScreen

        if download.end != "here":
            # The screen tells it, where it is still there.
            if not any(isinstance(screen, ModelsScreen) for screen in self.screen_stack):
                self.tell([f"{download.what}: {download.line}"], is_warning=True)
        elif self.overview.model == MissingEngine.model_name:
            self.do(use_model(download.model))
            if isinstance(self.screen, ModelsScreen):
                self.screen.dismiss(None)
        else:
            self.tell([f"{download.what} is ready: choose it with /model or on the models screen"])

    def action_drafts(self) -> None:
        """Have a draft revised."""
        from tui.app.screens.drafts import DraftsScreen

        self.push_screen(DraftsScreen())

    def action_models(self) -> None:
        """Show the models that there are, and offer some."""
        from tui.app.screens.models import ModelsScreen

        self.push_screen(ModelsScreen())

    def get_key_display(self, binding: Binding) -> str:
        """See `App`: as keys are written in texts."""
        return key_name(binding.key)

    def action_help(self) -> None:
        """Show keys and commands."""
        from tui.app.screens.help import HelpScreen

        self.push_screen(HelpScreen(self.active_bindings.values()))

    async def action_sessions(self) -> None:
        """Show the sessions, or take them away."""
        from tui.app.widgets.sessions import SessionsPanel
        from tui.app.widgets.side import toggle

        await toggle(self.chat, SessionsPanel, is_left=True)

    def action_prompts(self) -> None:
        """Show the library of prompts."""
        from tui.app.screens.prompts import PromptsScreen

        self.push_screen(PromptsScreen())

    async def action_inspector(self) -> None:
        """Show what the model gets and how it answers, or take it away."""
        from tui.app.widgets.inspector import Inspector
        from tui.app.widgets.side import toggle

        await toggle(self.chat, Inspector, is_left=False)

    def action_settings(self) -> None:
        """Show all settings, to change them."""
        from tui.app.screens.settings import SettingsScreen

        self.push_screen(SettingsScreen(self.chat.active_bindings.values()))

    def action_picture(self) -> None:
        """Have a picture of the conversation written to a file."""
        from tui.app.picture_asking import ask_for_picture

        ask_for_picture(self)

    def action_search(self) -> None:
        """Search all sessions; go to the turn that is chosen."""
        from tui.app.screens.search import SearchScreen

        self.push_screen(SearchScreen(), self._go_to_hit)

    def _go_to_hit(self, hit: Hit | None) -> None:
        from tui.app.session_errands import open_at

        if hit is not None:
            self.do(open_at(hit.session, hit.turn))

    def action_leave(self) -> None:
        """Save and leave; where something could not be saved, ask first."""
        from tui.widgets.dialogs import Confirm

        reason = self.overview.unsaved
        if reason is None or isinstance(self.screen, Confirm):
            self.leave()
            return
        question = sanitize_line(f"{reason}. Quit and lose it?")
        self.push_screen(Confirm(question), lambda agreed: self.leave() if agreed else None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """See `App`. In a list the palette's key is the list's, which goes up by it; nobody would
        bring back a program that no shell has started."""
        if action == "command_palette":
            return self.screen is self.chat and not isinstance(self.focused, ChoiceList)
        if action == "suspend_process":
            return is_job()
        return super().check_action(action, parameters)

    def action_command_palette(self) -> None:
        """Show everything that can be done."""
        from tui.app.palette import Palette, RegistryCommands

        self.push_screen(
            Palette(providers=[RegistryCommands], placeholder="type to find a command")
        )

    def _keep_theme(self, theme: Theme) -> None:
        """Have the colours that were chosen the next time too."""
        from tui.config_writing import set_in_config

        try:
            set_in_config(self.runtime.paths.config_file, ("theme",), theme.name)
        except (ConfigError, OSError) as error:
            self.chat.post_message(Failed(explain(error)[0]))

    def _tell_fault(self, text: str) -> None:
        self.chat.post_message(Failed(text))

    def _handle_exception(self, error: Exception) -> None:
        """Note a defect in a widget that is not ours; the app goes on without it."""
        self.fault_log.note(error)


def _begin_talk(talk: AppTalk) -> None:
    from tui.app.errands import begin

    begin(talk)


def _no_review() -> None:
    """There is none to end."""
