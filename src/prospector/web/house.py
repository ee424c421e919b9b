"""The rules of the house: what config.toml says, to be read; it is changed where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import time, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from prospector.config import Settings
from prospector.sdk import SECRET_SCHEMES
from prospector.web.rendering import page
from prospector.web.viewer import Opened, Signed

router = APIRouter(include_in_schema=False)
SECRET_WORDS = ("password", "token", "secret", "key", "credential")
UNITS = (("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
Row = tuple[str, str]


@router.get("/settings/rules-of-the-house")
def house(request: Request, viewer: Signed, installation: Opened) -> Response:
    """Every value in force, by table."""
    path = installation.workspace.config
    tables = list(tables_of(installation.settings))
    return page(request, viewer, "settings-house.html", tables=tables, path=str(path), tab="house")


def tables_of(settings: Settings) -> Iterator[tuple[str, list[Row]]]:
    """The tables of the file and their rows, in its order; secrets only as that they are there."""
    plain = [(name, value) for name, value in settings.file if not isinstance(value, BaseModel | dict)]
    yield "", [(name, said(name, value)) for name, value in plain]
    for name, value in settings.file:
        if isinstance(value, BaseModel):
            yield name, list(_rows(value))
    for name, account in settings.accounts.items():
        yield f"accounts.{name}", [*_rows(account.table), *_rows(account.settings)]


def _rows(table: BaseModel, prefix: str = "") -> Iterator[Row]:
    for name, value in table:
        if isinstance(value, BaseModel):
            yield from _rows(value, f"{prefix}{name}.")
        elif isinstance(value, Mapping):
            yield from ((f"{prefix}{name}.{key}", said(name, one)) for key, one in value.items())
        else:
            yield f"{prefix}{name}", said(name, value)


def said(name: str, value: Any) -> str:
    """A value as the file writes it. Of a secret, only where it comes from."""
    if isinstance(value, str) and value.startswith(SECRET_SCHEMES):
        return f"a secret, from {value.partition(':')[0]}:"
    if value and any(word in name.lower() for word in SECRET_WORDS):
        return "a secret"
    if name == "database":
        return "sqlite" if str(value).startswith("sqlite") else "PostgreSQL"
    return _plain(name, value)


def _plain(name: str, value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case timedelta():
            return _length(value)
        case time():
            return f"{value:%H:%M}"
        case list() | tuple() | set() | frozenset():
            return ", ".join(said(name, one) for one in value) or "none"
        case None | "":
            return "not set"
    return str(value)


def _length(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    if length != timedelta(seconds=seconds):
        return f"{int(length.total_seconds() * 1000)}ms"
    fitting = (f"{seconds // size}{unit}" for unit, size in UNITS if seconds and seconds % size == 0)
    return next(fitting, "0s")
