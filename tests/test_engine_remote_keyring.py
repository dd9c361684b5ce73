"""The key of an endpoint in the system's keyring, with a keyring of the tests' own."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError, KeyringLocked, NoKeyringError

from engine.errors import EndpointFailed
from engine.remote.endpoint import Endpoint, find_key

BIG = Endpoint("big", "https://models.example/v1", in_keyring=True)


class Memory(KeyringBackend):
    """Keeps keys as long as it lives."""

    priority = 1.0

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.error: KeyringError | None = None

    def get_password(self, service: str, username: str) -> str | None:
        """See `KeyringBackend`."""
        if self.error is not None:
            raise self.error
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """See `KeyringBackend`."""
        self.kept[service, username] = password


@pytest.fixture
def memory() -> Iterator[Memory]:
    """The keyring in use."""
    before = keyring.get_keyring()
    backend = Memory()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


def test_the_key_is_found_under_the_endpoints_name(memory: Memory) -> None:
    with pytest.raises(EndpointFailed, match="no key in the keyring: `keyring set draftsmith big`"):
        find_key(BIG, {})
    keyring.set_password("draftsmith", "big", "sk-1\n")
    assert find_key(BIG, {}) == "sk-1"


def test_a_machine_without_a_keyring_is_said_so(memory: Memory) -> None:
    memory.error = NoKeyringError("a long story")
    with pytest.raises(EndpointFailed, match="big's key: this system has no keyring, use key_env"):
        find_key(BIG, {})
    memory.error = KeyringLocked("the person said no")
    with pytest.raises(EndpointFailed, match="read: the person said no; or use key_env"):
        find_key(BIG, {})


def test_the_missing_extra_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(EndpointFailed, match=r"install draftsmith\[keyring\], or use key_env"):
        find_key(BIG, {})
