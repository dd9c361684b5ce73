"""All settings as lines: what each is now, what it means, who said so, and what is typed for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from textual.binding import ActiveBinding

from tui.app.talk import AppTalk
from tui.app.thread import Errand
from tui.composed import answer_settings
from tui.config import Config
from tui.config_keys import KEYS, KeyPath, find_key
from tui.config_views import toml_value
from tui.config_writing import set_in_config
from tui.needed_keys import check_keys
from tui.settings import typed_options

_AT_ONCE = ("sampling", "max_tokens", "system", "theme", "keys")
"""What need not wait for the next start."""


@dataclass(frozen=True, slots=True)
class SettingRow:
    """A key of the configuration, or of the keyboard."""

    path: KeyPath
    meaning: str
    value: object = None
    """None where it is not set."""
    default: str = ""
    """What counts then."""
    origin: str = ""
    """Who set it."""

    @property
    def name(self) -> str:
        """As it is called in its table."""
        return self.path[-1]

    @property
    def text(self) -> str:
        """The value as a person would type it."""
        return _typed(self.value)

    @property
    def counts_at_once(self) -> bool:
        """Whether a change holds from now on."""
        return self.path[0] in _AT_ONCE


def setting_rows(config: Config, bindings: Iterable[ActiveBinding]) -> Iterator[SettingRow]:
    """All that can be set, table by table; the keys of the keyboard come last.

    Args:
        config: As it is now.
        bindings: Of what the app does.
    """
    for key in KEYS:
        if "*" in key.path:
            continue
        one = config.settings.get(key.path)
        default = "automatic" if key.default is None else _typed(key.default)
        value, origin = (one.value, one.origin) if one else (None, "")
        yield SettingRow(key.path, key.meaning, value, default, origin)
    own = {each.binding.id: each.binding for each in bindings if each.binding.description}
    for name, binding in sorted((name, each) for name, each in own.items() if name):
        one = config.settings.get(("keys", name))
        value, origin = (one.value, one.origin) if one else (None, "")
        yield SettingRow(("keys", name), binding.description, value, binding.key, origin)


def value_from(path: KeyPath, text: str, config: Config) -> object:
    """The value that was typed for a key; None for nothing, which takes it out of the file.

    Raises:
        ValueError: If it is none, or a key of the keyboard that another one needs.
        UsageProblem: Likewise, of sampling.
    """
    if path[0] == "keys":
        others = {name: key for name, key in config.keys.items() if name != path[1]}
        check_keys({**others, path[1]: text.strip()} if text.strip() else others)
    if not text.strip():
        return None
    if path[0] == "sampling":
        return typed_options(((path[1], text.strip()),))[path[1]]
    key = find_key(path)
    assert key is not None, "rows are of known keys"
    return key.parsed(text.strip())


def _typed(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ",".join(str(one).replace("\n", "\\n").replace(",", "\\,") for one in value)
    if isinstance(value, dict):
        return ",".join(f"{text}={number}" for text, number in value.items())
    return value if isinstance(value, str) else toml_value(value)


def change_config(path: KeyPath, value: object, then: Callable[[], None]) -> Errand:
    """Write a setting into the file, and go on with it."""

    def errand(talk: AppTalk) -> None:
        set_in_config(talk.runtime.paths.config_file, path, value)
        talk.runtime.read_config_again()
        settings = answer_settings(talk.engine_options, {}, talk.runtime.config)
        talk.conversation.settings = settings
        then()

    return errand
