"""Secrets by reference: `env:NAME`, `file:/path`, `keyring:name`. Values never meet a log or config."""

from __future__ import annotations

import os
from pathlib import Path


class SecretError(Exception):
    """A secret cannot be read; the message names the reference, never the value."""


def read(reference: str) -> str:
    """The value behind a reference. Raises `SecretError` with what to do."""
    scheme, _, name = reference.partition(":")
    match scheme:
        case "env":
            value = os.environ.get(name)
            if not value:
                raise SecretError(f"{reference}: set the environment variable {name} and start again.")
            return value
        case "file":
            try:
                return Path(name).expanduser().read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is not text"
                raise SecretError(f"{reference}: the file cannot be read ({reason}).") from None
        case "keyring":
            return _from_keyring(reference, name)
    # Whatever was written there may be the secret itself: it is not repeated.
    raise SecretError("This is no kind of secret; use env:NAME, file:/path or keyring:name.")


def _from_keyring(reference: str, name: str) -> str:
    import keyring
    from keyring.errors import KeyringError

    try:
        value = keyring.get_password("prospector", name)
    except KeyringError:
        raise SecretError(f"{reference}: there is no keyring on this machine; use env: or file:.") from None
    if value is None:
        raise SecretError(f"{reference}: store it first with `keyring set prospector {name}`.")
    return value
