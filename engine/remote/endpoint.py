"""Where a model at a server is, and the key that its server wants."""

from __future__ import annotations

import importlib
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from engine.errors import EndpointFailed

KEYRING_SERVICE = "draftsmith"
"""The service of keys in the system's keyring; their user is the endpoint's name."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model at an OpenAI-compatible server. It holds no key, only where one is.

    Raises:
        ValueError: If the address cannot be one, or has a password in it.
    """

    name: str
    """What people call it."""
    url: str
    """What its paths are below, with ``/v1`` where the server has that."""
    model: str | None = None
    """What the server calls the model; None is its only one."""
    key_env: str | None = None
    """The variable of the environment that has the key."""
    in_keyring: bool = False
    """Whether the key is in the system's keyring."""
    server: str | None = None
    """Which of `engine.remote.dialects.SERVERS` it is; None finds out."""
    n_ctx: int | None = None
    """Tokens of its context; None asks the server."""
    timeout_s: int = 300
    """Seconds that it may be silent."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("url must be like https://host:8000/v1")
        if parts.username or parts.password:
            raise ValueError("url must not contain a password: name a variable with key_env")
        if parts.query or parts.fragment:
            raise ValueError("url must not contain ? or #")
        if parts.port == 0:
            raise ValueError("url must not have port 0")
        object.__setattr__(self, "url", self.url.rstrip("/"))

    @property
    def host(self) -> str:
        """The server's name with its port, for people."""
        return urlsplit(self.url).netloc

    @property
    def root(self) -> str:
        """The address without ``/v1``, where servers have what is their own."""
        return self.url.removesuffix("/v1")

    @property
    def is_on_this_machine(self) -> bool:
        """Whether the address is one of this machine; a tunnel may begin there."""
        name = urlsplit(self.url).hostname or ""
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return name == "localhost"

    @property
    def warning(self) -> str:
        """What a person has to know before they write, in one line."""
        if self.is_on_this_machine:
            return f"{self.name}: what you write is sent to {self.host}"
        how = "" if urlsplit(self.url).scheme == "https" else ", unencrypted"
        return f"{self.name}: what you write leaves this machine and is sent to {self.host}{how}"


def find_key(endpoint: Endpoint, environment: Mapping[str, str]) -> str | None:
    """The key that an endpoint's server wants; None where it wants none.

    Raises:
        EndpointFailed: If there should be one and there is not. The text never has any of it.
    """
    if endpoint.key_env is not None:
        where, key = endpoint.key_env, environment.get(endpoint.key_env, "")
        way = f"export {where}=…"
    elif endpoint.in_keyring:
        where, key = "the keyring", _from_keyring(endpoint.name)
        way = f"`keyring set {KEYRING_SERVICE} {endpoint.name}`"
    else:
        return None
    key = key.strip()
    if not key:
        raise EndpointFailed(f"{endpoint.name} has no key in {where}: {way}")
    if not (key.isascii() and key.isprintable()):
        raise EndpointFailed(
            f"{endpoint.name}'s key in {where} has characters that cannot be in a key: {way}"
        )
    return key


def _from_keyring(name: str) -> str:
    try:
        keyring = importlib.import_module("keyring")
        errors = importlib.import_module("keyring.errors")
    except ModuleNotFoundError as error:
        raise EndpointFailed(
            f"{name}'s key is in the keyring, and the extra for it is missing: "
            "install draftsmith[keyring], or use key_env"
        ) from error
    try:
        return keyring.get_password(KEYRING_SERVICE, name) or ""
    except errors.NoKeyringError as error:
        raise EndpointFailed(f"{name}'s key: this system has no keyring, use key_env") from error
    except errors.KeyringError as error:
        raise EndpointFailed(f"the keyring cannot be read: {error}; or use key_env") from error
