"""config.toml → validated settings; every error with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from prospector import toml_lines
from prospector.sdk import Connector

M = TypeVar("M", bound=BaseModel)
LONGEST = timedelta(days=3650)
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def duration(value: object) -> timedelta:
    """`"90s"`, `"15m"`, `"7d"`: an integer and a unit (ms, s, m, h, d, w)."""
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"(\d{1,6})\s?(ms|[smhdw])", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('write a number and a unit, such as "90s", "15m", "6h" or "7d"')
    length = timedelta(seconds=int(match[1]) * UNITS[match[2]])
    if length > LONGEST:
        raise ValueError("ten years is the most")
    return length


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError('use a name such as "Europe/Berlin" or "UTC"')
    return name


Duration = Annotated[timedelta, BeforeValidator(duration)]
Zone = Annotated[str, AfterValidator(_known_zone)]


class Table(BaseModel):
    """A table of the file: unknown keys are errors, values are never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Sender(Table):
    """Who writes: the facts `sender.*` of templates, and the footer."""

    name: str = ""
    email: str = ""
    company: str = ""
    title: str = ""
    postal_address: str = ""


class Web(Table):
    host: str = "127.0.0.1"
    port: int = Field(default=8787, ge=0, le=65_535)


class Polling(Table):
    """When to look again: an interval by stage, halved after a find, doubled after nothing."""

    every: Duration = timedelta(hours=4)
    by_stage: dict[str, Duration] = Field(default_factory=dict)
    least: Duration = timedelta(minutes=10)
    most: Duration = timedelta(days=1)
    inbox_every: Duration = timedelta(minutes=2)
    grace: Duration = timedelta(minutes=15)
    lease: Duration = timedelta(minutes=5)
    first_page_back: Duration = timedelta(days=90)


class Window(Table):
    """When mail may leave; `days` are 1 (Monday) to 7."""

    days: list[int] = Field(default=[1, 2, 3, 4])
    start: time = time(8, 30)
    end: time = time(17, 0)
    always: bool = False

    @field_validator("days")
    @classmethod
    def _weekdays(cls, days: list[int]) -> list[int]:
        if any(day not in range(1, 8) for day in days):
            raise ValueError("days are 1 (Monday) to 7 (Sunday)")
        return days


class Outreach(Table):
    """How approved messages leave: `hold` after approval, `gap` between two of one mailbox."""

    hold: Duration = timedelta(minutes=2)
    gap: Duration = timedelta(seconds=90)
    daily_cap: int = Field(default=40, ge=0)
    window: Window = Window()
    stuck_after: Duration = timedelta(minutes=10)


class Queue(Table):
    timezone: Zone = "UTC"
    day_start: time = time(7, 0)
    minutes: int = Field(default=25, ge=1)
    currency: str = Field(default="EUR", pattern="^[A-Z]{3}$")


class AccountTable(BaseModel):
    """What every account has; the connector's own keys stand beside it in the same table."""

    model_config = ConfigDict(extra="allow", frozen=True)

    connector: str
    every: Duration = timedelta(milliseconds=100)
    private: bool = False
    concurrency: int = Field(default=4, ge=1, le=64)
    daily_cap: int | None = Field(default=None, ge=0)


class File(Table):
    """The whole of config.toml."""

    database: str = "sqlite"
    contact: str = ""
    log: Literal["info", "debug", "warning"] = "info"
    sender: Sender = Sender()
    web: Web = Web()
    polling: Polling = Polling()
    outreach: Outreach = Outreach()
    queue: Queue = Queue()
    accounts: dict[str, AccountTable] = Field(default_factory=dict)


@dataclass(frozen=True)
class AccountSettings:
    """One account: our own keys, and the connector's as an instance of its `Settings`."""

    name: str
    table: AccountTable
    connector: Connector
    settings: Any = field(repr=False)


@dataclass(frozen=True)
class Settings:
    """A valid configuration, with the connectors that its accounts name."""

    file: File
    accounts: Mapping[str, AccountSettings]


class ConfigError(Exception):
    """config.toml is wrong; one line for each problem, each with its place."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def parse(text: str, connectors: Mapping[str, Connector], name: str = "config.toml") -> Settings:
    """Validated settings from the file's text. Raises `ConfigError` with every problem."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{name}:{_line_in(str(error))}: {error}"]) from None
    lines = toml_lines.line_of(text)
    _name_connectors(data)
    problems: list[tuple[tuple[str | int, ...], str]] = []
    file = _validate(File, data, (), problems)
    accounts: dict[str, AccountSettings] = {}
    if file is not None:
        for account, table in file.accounts.items():
            accounts[account] = _account(account, table, connectors, problems)
    if file is None or problems:
        raise ConfigError([_say(name, lines, path, message) for path, message in problems])
    return Settings(file, accounts)


def load(path: Path, connectors: Mapping[str, Connector]) -> Settings:
    """The settings in a file. Raises `ConfigError`."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path.name}: byte {error.start} is no UTF-8; save the file as UTF-8."]) from None
    return parse(text, connectors, path.name)


def _name_connectors(data: dict[str, Any]) -> None:
    """An account that names no connector uses the one of its own name."""
    accounts = data.get("accounts")
    for account, table in accounts.items() if isinstance(accounts, dict) else ():
        if isinstance(table, dict):
            table.setdefault("connector", account)


def _account(
    name: str,
    table: AccountTable,
    connectors: Mapping[str, Connector],
    problems: list[tuple[tuple[str | int, ...], str]],
) -> AccountSettings:
    connector = connectors.get(table.connector)
    if connector is None:
        known = ", ".join(sorted(connectors)) or "none"
        problems.append(
            (("accounts", name, "connector"), f'there is no connector "{table.connector}"; known: {known}')
        )
        return AccountSettings(name, table, None, None)  # type: ignore[arg-type]
    settings = _validate(connector.Settings, dict(table.model_extra or {}), ("accounts", name), problems)
    return AccountSettings(name, table, connector, settings)


def _validate(
    model: type[M],
    data: Any,
    prefix: tuple[str | int, ...],
    problems: list[tuple[tuple[str | int, ...], str]],
) -> M | None:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        for item in error.errors(include_url=False, include_input=False):
            problems.append((prefix + tuple(item["loc"]), _plain(item["type"], item["msg"])))
        return None


def _plain(kind: str, message: str) -> str:
    plain = {"extra_forbidden": "unknown key", "missing": "this key is needed"}
    return plain.get(kind, message.removeprefix("Value error, "))


def _say(name: str, lines: Mapping[toml_lines.Path, int], path: tuple[str | int, ...], message: str) -> str:
    line = toml_lines.nearest_line(lines, path)
    return f"{name}:{line}: {'.'.join(str(part) for part in path)}: {message}"


def _line_in(message: str) -> int:
    match = re.search(r"at line (\d+)", message)
    return int(match[1]) if match else 1
