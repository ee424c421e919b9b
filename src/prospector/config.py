"""config.toml → validated settings; every error with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from prospector import toml_lines
from prospector.config_errors import ConfigError, Problem, misplaced, problems_of, suggestion
from prospector.sdk import SECRET_SCHEMES, Connector

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


def _database(text: str) -> str:
    if text == "sqlite" or text.startswith(SECRET_SCHEMES):
        return text
    url = urlsplit(text)
    if url.scheme not in ("sqlite", "postgresql", "postgresql+psycopg"):
        raise ValueError('write "sqlite", a URL (postgresql://…), or a reference to one (env:DATABASE_URL)')
    if url.password:
        raise ValueError('a password does not belong here; write "env:DATABASE_URL" and set that variable')
    return text


def _currency(code: str) -> str:
    if re.fullmatch("[A-Z]{3}", code) is None:
        raise ValueError('write three capital letters, such as "EUR"')
    return code


Currency = Annotated[str, AfterValidator(_currency)]
Duration = Annotated[timedelta, BeforeValidator(duration)]
Database = Annotated[str, AfterValidator(_database)]
Zone = Annotated[str, AfterValidator(_known_zone)]


class Table(BaseModel):
    """A table of the file: unknown keys are errors, values are never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _page(url: str) -> str:
    if url and (not urlsplit(url).hostname or re.fullmatch(r"https?://[!-~]{1,300}", url) is None):
        raise ValueError('write the whole address, such as "https://www.example.com/privacy"')
    return url


def _public(url: str) -> str:
    parts = urlsplit(url)
    whole = parts.scheme == "https" and parts.hostname and not parts.path.strip("/")
    if url and (not whole or parts.query or parts.fragment or parts.username or not url.isascii()):
        raise ValueError('write an https address without a path, such as "https://mail.example.com"')
    return url.rstrip("/").lower()


def _country(code: str) -> str:
    if re.fullmatch("[A-Z]{2}", code) is None:
        raise ValueError('write the two capital letters of each country, such as "DE"')
    return code


class Sender(Table):
    """Who writes: the facts `sender.*` of templates, and the footer."""

    name: str = ""
    email: str = ""
    company: str = ""
    title: str = ""
    postal_address: str = ""
    legal_name: str = ""
    privacy_url: Annotated[str, AfterValidator(_page)] = ""

    @property
    def legal(self) -> str:
        """Who is answerable by law for the mail: as it is registered, else the company, else the person."""
        return self.legal_name or self.company or self.name


def _address(url: str) -> str:
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/")):
        raise ValueError('write where people open the page, such as "https://prospector.example.com"')
    return url.rstrip("/")


class Web(Table):
    """Where the page is served; `url` is where people open it, if that is a proxy in front of it."""

    host: str = "127.0.0.1"
    port: int = Field(default=8787, ge=0, le=65_535)
    url: Annotated[str, AfterValidator(_address)] = ""


def _channel(reference: str) -> str:
    if not reference.startswith(SECRET_SCHEMES):
        raise ValueError('a channel\'s URL is a secret; write "env:NAME" and set that variable')
    return reference


class Notify(Table):
    """Where word of answers and of the day goes: apprise URLs by name, each as a reference."""

    channels: dict[str, Annotated[str, AfterValidator(_channel)]] = Field(default_factory=dict)


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

    @model_validator(mode="after")
    def _least_is_less(self) -> Self:
        if self.least > self.most:
            raise ValueError("least must not be more than most")
        return self


class Window(Table):
    """When mail may leave; `days` are 1 (Monday) to 7, `holidays` leaves out those of the recipient's
    country."""

    days: list[int] = Field(default=[1, 2, 3, 4])
    start: time = time(8, 30)
    end: time = time(17, 0)
    holidays: bool = True
    always: bool = False

    @field_validator("days")
    @classmethod
    def _weekdays(cls, days: list[int]) -> list[int]:
        if any(day not in range(1, 8) for day in days):
            raise ValueError("days are 1 (Monday) to 7 (Sunday)")
        return days


class Outreach(Table):
    """How approved messages leave: `hold` after approval, `gap` between two of one mailbox. `public_url`
    is where /u/… can be reached by everybody; in `opt_in_countries` no cold mail goes without consent."""

    hold: Duration = timedelta(minutes=2)
    gap: Duration = timedelta(seconds=90)
    daily_cap: int = Field(default=40, ge=0)
    ramp_from: int = Field(default=10, ge=1)
    ramp_weeks: int = Field(default=4, ge=0, le=52)
    domain_cap: int = Field(default=5, ge=0)
    paused: bool = False
    resolver: str = ""
    window: Window = Window()
    stuck_after: Duration = timedelta(minutes=10)
    public_url: Annotated[str, AfterValidator(_public)] = ""
    opt_in_countries: list[Annotated[str, AfterValidator(_country)]] = Field(default=["DE", "AT"])
    role_addresses: Literal["warn", "refuse"] = "warn"


class Queue(Table):
    """The day of a rep; each user may have a time zone, a start and minutes of their own."""

    timezone: Zone = "UTC"
    day_start: time = time(7, 0)
    minutes: int = Field(default=25, ge=1)
    currency: Currency = "EUR"
    person_rest: Duration = timedelta(days=2)
    company_rest: Duration = timedelta(days=1)
    hold: Duration = timedelta(minutes=10)


class People(Table):
    """How long we keep people of whom nothing is heard, before they are listed for deletion."""

    keep_months: int = Field(default=24, ge=1, le=240)


class AccountTable(Table):
    """What every account has; the connector's own keys stand beside it in the same table. `files_copies`
    tells whether the server of a mailbox puts what we send into the folder of sent mail by itself."""

    connector: str
    every: Duration = timedelta(milliseconds=100)
    private: bool = False
    concurrency: int = Field(default=4, ge=1, le=64)
    daily_cap: int | None = Field(default=None, ge=0)
    ramp_from: int | None = Field(default=None, ge=1)
    ramp_weeks: int | None = Field(default=None, ge=0, le=52)
    files_copies: Literal["yes", "no", "unknown"] = "unknown"


class File(Table):
    """The whole of config.toml."""

    database: Database = "sqlite"
    contact: str = ""
    log: Literal["info", "debug", "warning"] = "info"
    sender: Sender = Sender()
    web: Web = Web()
    polling: Polling = Polling()
    outreach: Outreach = Outreach()
    queue: Queue = Queue()
    people: People = People()
    notify: Notify = Notify()
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


def parse(text: str, connectors: Mapping[str, Connector], name: str = "config.toml") -> Settings:
    """Validated settings from the file's text. Raises `ConfigError` with every problem."""
    data = _tables(text, name)
    problems: list[Problem] = []
    tables = data.get("accounts")
    found = _accounts(tables, connectors, problems) if isinstance(tables, dict) else {}
    # Each account is held against its own model, so that all that is wrong is said at once.
    file = _validate(File, {**data, "accounts": {}} if isinstance(tables, dict) else data, (), problems)
    if file is None or problems:
        raise _wrong(problems, text, name)
    return Settings(file.model_copy(update={"accounts": {n: a.table for n, a in found.items()}}), found)


def load(path: Path, connectors: Mapping[str, Connector]) -> Settings:
    """The settings in a file. Raises `ConfigError`."""
    return parse(_text(path), connectors, path.name)


def sender_of(path: Path) -> Sender:
    """Who writes, without all else that the file says: no connector has to be loaded for it.
    Raises `ConfigError`."""
    text, problems = _text(path), list[Problem]()
    sender = _validate(Sender, _tables(text, path.name).get("sender", {}), ("sender",), problems)
    if sender is None:
        raise _wrong(problems, text, path.name)
    return sender


def _tables(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise misplaced(error, name, text) from None


def _wrong(problems: list[Problem], text: str, name: str) -> ConfigError:
    lines = toml_lines.line_of(text)
    problems.sort(key=lambda problem: toml_lines.nearest_line(lines, problem.path))
    return ConfigError([problem.sentence(name, lines) for problem in problems])


def _text(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError([f"{path.name}:{line}: this is no UTF-8; save the file as UTF-8."]) from None


def _accounts(
    tables: Mapping[str, Any], connectors: Mapping[str, Connector], problems: list[Problem]
) -> dict[str, AccountSettings]:
    found = (_account(name, table, connectors, problems) for name, table in tables.items())
    return {account.name: account for account in found if account is not None}


def _account(
    name: str, data: object, connectors: Mapping[str, Connector], problems: list[Problem]
) -> AccountSettings | None:
    """One account; it may leave its connector's name out where that is its own name."""
    place = ("accounts", name)
    if not isinstance(data, dict):
        problems.append(Problem(place, f"this is a table: [accounts.{name}]"))
        return None
    own = {key: value for key, value in data.items() if key in AccountTable.model_fields}
    table = _validate(AccountTable, {"connector": name, **own}, place, problems)
    chosen = data.get("connector", name)
    connector = connectors.get(chosen) if isinstance(chosen, str) else None
    if connector is None:
        if isinstance(chosen, str):
            problems.append(Problem((*place, "connector"), _no_connector(chosen, connectors)))
        return None
    rest = {key: value for key, value in data.items() if key not in own}
    settings = _connector_settings(connector, rest, place, problems)
    return AccountSettings(name, table, connector, settings) if table is not None else None


def _connector_settings(
    connector: Connector, data: dict[str, Any], place: tuple[str | int, ...], problems: list[Problem]
) -> BaseModel | None:
    """The connector's own keys. One that it does not have is an error, whatever its model allows."""
    names = [*connector.Settings.model_fields, *AccountTable.model_fields]
    unknown = [key for key in data if key not in names]
    problems += [Problem((*place, key), "unknown key" + suggestion(key, names)) for key in unknown]
    known = {key: value for key, value in data.items() if key not in unknown}
    return _validate(connector.Settings, known, place, problems)


def _no_connector(name: str, connectors: Mapping[str, Connector]) -> str:
    known = sorted(connectors)
    near = suggestion(name, known)
    return f'there is no connector "{name}"{near or "; known: " + (", ".join(known) or "none")}'


def _validate(model: type[M], data: Any, place: tuple[str | int, ...], problems: list[Problem]) -> M | None:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems += problems_of(error, place, model)
        return None
