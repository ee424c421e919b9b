"""One opened installation: workspace, settings, connectors and store, for every command to share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from prospector import config, secrets, workspace
from prospector.config import AccountSettings, Settings
from prospector.models import Account
from prospector.sdk import SECRET_SCHEMES, Connector
from prospector.store import Store, insert_new
from prospector.workspace import Workspace


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Installation:
    """What a command works with. `account_ids` are the rows of the accounts in config.toml."""

    workspace: Workspace
    settings: Settings
    connectors: Mapping[str, Connector]
    store: Store
    account_ids: Mapping[str, int]

    def account(self, account_id: int) -> AccountSettings:
        """The settings of an account's row. Raises KeyError once it has left config.toml."""
        names = {row: name for name, row in self.account_ids.items()}
        return self.settings.accounts[names[account_id]]

    def serving(self, platform: str) -> AccountSettings | None:
        """The account that looks at profiles of this platform: the first in the file that can."""
        accounts = self.settings.accounts.values()
        return next((account for account in accounts if platform in account.connector.platforms), None)

    @property
    def looking(self) -> dict[str, int]:
        """By platform, the row of the account that looks at its profiles."""
        platforms = {p for account in self.settings.accounts.values() for p in account.connector.platforms}
        found = {platform: self.serving(platform) for platform in platforms}
        return {p: self.account_ids[account.name] for p, account in found.items() if account is not None}

    @property
    def served(self) -> frozenset[str]:
        """The platforms that a connector serves."""
        return frozenset(name for connector in self.connectors.values() for name in connector.platforms)

    def template_path(self) -> list[Path]:
        return self.workspace.search_path("templates")

    def close(self) -> None:
        self.store.close()


def database_url(place: Workspace, database: str) -> str:
    """`sqlite` is the workspace's own file; anything else is a URL, or a reference to one."""
    if database == "sqlite":
        return f"sqlite:///{place.database}"
    return secrets.read(database) if database.startswith(SECRET_SCHEMES) else database


def open_installation(chosen: Path | None = None, *, migrate: bool = False) -> Installation:
    """Read the configuration, open the database and bring the accounts' rows up to date.

    Raises `WorkspaceError`, `BrokenConnectorError`, `ConfigError`, `SecretError`, `StoreError`.
    """
    place = workspace.locate(chosen)
    connectors = workspace.load_connectors(place.search_path("connectors"))
    settings = config.load(place.config, connectors)
    store = Store(database_url(place, settings.file.database))
    try:
        if migrate:
            store.migrate()
        else:
            store.require_current()
        return Installation(place, settings, connectors, store, sync_accounts(store, settings))
    except BaseException:
        store.close()
        raise


def sync_accounts(store: Store, settings: Settings) -> dict[str, int]:
    """Rows for the accounts in the file: the file owns the settings, the row owns the pace."""
    with store.reading() as session:
        known = _accounts(session)
    if _in_step(known, settings):
        return {name: account.id for name, account in known.items() if name in settings.accounts}
    return store.write(lambda session: _write_accounts(session, settings))


def _in_step(known: Mapping[str, Account], settings: Settings) -> bool:
    return all(
        name in known
        and known[name].connector == account.table.connector
        and known[name].every_ms == _every_ms(account)
        for name, account in settings.accounts.items()
    )


def _write_accounts(session: Session, settings: Settings) -> dict[str, int]:
    now = utc_now()
    new = [_account_row(name, account, now) for name, account in settings.accounts.items()]
    insert_new(session, Account, new)
    known = _accounts(session)
    for name, account in settings.accounts.items():
        known[name].every_ms = _every_ms(account)
    return {name: known[name].id for name in settings.accounts}


def _account_row(name: str, account: AccountSettings, now: datetime) -> dict[str, Any]:
    return {
        "name": name,
        "connector": account.table.connector,
        "every_ms": _every_ms(account),
        "free_at": now,
        "next_poll_at": _first_look(account, now),
    }


def _accounts(session: Session) -> dict[str, Account]:
    """Rows by name; of an account that changed its connector, the newest."""
    return {account.name: account for account in session.exec(select(Account).order_by(col(Account.id)))}


def _every_ms(account: AccountSettings) -> int:
    return int(account.table.every.total_seconds() * 1000)


def _first_look(account: AccountSettings, now: datetime) -> datetime | None:
    return now if account.connector.can.interactions.itself else None
