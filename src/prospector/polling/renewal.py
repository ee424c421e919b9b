"""Where an account's access is written down: which keys of config.toml, and what to renew behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from prospector.sdk import Connector, SecretReference

_MARK = get_args(SecretReference)[1]


@dataclass(frozen=True, slots=True)
class Renewal:
    """One secret of an account: its key in config.toml, the reference that stands there, and what to do."""

    table: str
    key: str
    reference: str
    how: str


def renewals_of(account: str, settings: BaseModel) -> list[Renewal]:
    """The secrets of an account, with what to do where one of them no longer works."""
    found = []
    for key, field in type(settings).model_fields.items():
        reference = getattr(settings, key)
        if is_secret(field) and isinstance(reference, str):
            found.append(Renewal(f"accounts.{account}", key, reference, how_to_renew(reference)))
    return found


def how_to_renew(reference: str) -> str:
    """What to do with the secret behind a reference, as a sentence."""
    scheme, _, name = reference.partition(":")
    match scheme:
        case "env":
            return f"Set the environment variable {name} to the new one, and start prospector again."
        case "file":
            return f"Write the new one into the file {name}."
        case "keyring":
            return f"Store the new one: keyring set prospector {name}"
    return "Put a reference such as env:NAME there."


def outline_of(connector: Connector) -> str:
    """The table that config.toml needs for an account of this connector, with what must be filled in."""
    return "\n".join([f"[accounts.{connector.name}]", *_lines(connector)])


def is_secret(field: FieldInfo) -> bool:
    """Whether a connector's setting is a reference to a secret."""
    parts = get_args(field.annotation)  # an optional one bears the mark inside
    return _MARK in field.metadata or any(_MARK in getattr(part, "__metadata__", ()) for part in parts)


def _lines(connector: Connector) -> Iterator[str]:
    for key, field in connector.Settings.model_fields.items():
        if is_secret(field):
            yield f'{key} = "env:{connector.name.upper()}_{key.upper()}"'
        elif field.is_required():
            yield f'{key} = "…"'
