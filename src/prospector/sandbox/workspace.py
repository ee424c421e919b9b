"""The folder of a sandbox: an ordinary workspace, made anew, with the past of everybody in it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import as_file, files
from pathlib import Path

from prospector.installation import open_installation
from prospector.sandbox import campaign, seed, town
from prospector.sandbox.bluesky_world import PASSWORD
from prospector.sandbox.town import Town
from prospector.workspace import SANDBOX_MARK

MARK = SANDBOX_MARK
"""This file in a folder says that the folder is a sandbox's, which may be deleted."""
DWELLS = (('min_dwell = "1h"', 'min_dwell = "1s"'),)
"""What is changed in the preset's rules: nobody waits an hour in a demo for the next move."""

Make = Callable[[Path, str, str, datetime], None]
"""Makes a workspace: its folder, config.toml, rules.toml, and since when the rules are in force."""


class SandboxError(Exception):
    """The sandbox cannot start; the message says what to do."""


@dataclass(frozen=True)
class Mark:
    """What a sandbox must know to be opened again: when its past ended, and its ports."""

    opened_at: datetime
    ports: Mapping[str, int]


@dataclass(frozen=True)
class Addresses:
    """Where everything listens: web addresses by name, and ports on loopback."""

    bluesky: str
    mastodon: str
    smtp: int
    imap: int
    page: int


def read_mark(folder: Path) -> Mark | None:
    """The mark of a sandbox's folder, or None where there is none."""
    try:
        values = json.loads((folder / MARK).read_text(encoding="utf-8"))
        return Mark(datetime.fromisoformat(values["opened_at"]), dict(values["ports"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def clear(folder: Path) -> None:
    """Delete an earlier sandbox. Raises `SandboxError` for a folder that is something else."""
    if not folder.exists():
        return
    if not folder.is_dir() or (read_mark(folder) is None and any(folder.iterdir())):
        raise SandboxError(
            f"{folder} is no sandbox, so it is not deleted. Name another folder: "
            "prospector --workspace FOLDER demo"
        )
    shutil.rmtree(folder)


def make_anew(folder: Path, people: Town, addresses: Addresses, mark: Mark, rules: str, make: Make) -> int:
    """The workspace with its templates and its past; how many engagements that is.

    The mark is written first, so that a sandbox that was interrupted may be deleted.
    """
    clear(folder)
    folder.mkdir(parents=True)
    values = {"opened_at": mark.opened_at.isoformat(), "ports": dict(mark.ports)}
    (folder / MARK).write_text(json.dumps(values), encoding="utf-8")
    since = min(past.biography.tracked_from for past in people.pasts)
    make(folder, _config(folder, addresses), _hurried(rules), since)
    write_secrets(folder, people)
    with as_file(files("prospector.sandbox").joinpath("templates")) as templates:
        shutil.copytree(templates, folder / "templates", dirs_exist_ok=True)
    opened = open_installation(folder)
    try:
        seed.store(opened, people.pasts, people.places, people.elsewhere, mark.opened_at, people.seed)
        campaign.store(opened, mark.opened_at, people.seed)
    finally:
        opened.close()
    return sum(len(past.things) for past in people.pasts)


def go_on(folder: Path, people: Town, addresses: Addresses) -> None:
    """The workspace of the last time, against the servers of this time."""
    (folder / "config.toml").write_text(_config(folder, addresses), encoding="utf-8")
    write_secrets(folder, people)


def write_secrets(folder: Path, people: Town) -> None:
    """What config.toml refers to, readable by nobody else."""
    place = folder / "secrets"
    place.mkdir(mode=0o700, exist_ok=True)
    values = {"bluesky": PASSWORD, "mastodon": people.token, "mail": town.PASSWORD}
    for name, value in values.items():
        (place / name).write_text(value, encoding="utf-8")
        (place / name).chmod(0o600)


def _hurried(rules: str) -> str:
    for usual, short in DWELLS:
        if usual not in rules:
            raise SandboxError(f"The preset's rules have no line {usual}; the sandbox needs to shorten it.")
        rules = rules.replace(usual, short)
    return rules


def _config(folder: Path, addresses: Addresses) -> str:
    text = files("prospector.sandbox").joinpath("workspace.toml").read_text(encoding="utf-8")
    return text.format(
        address=town.ADDRESS,
        name=town.NAME,
        company=town.COMPANY,
        title=town.TITLE,
        handle=town.HANDLE,
        secrets=folder.resolve() / "secrets",
        bluesky=addresses.bluesky,
        mastodon=addresses.mastodon,
        smtp=addresses.smtp,
        imap=addresses.imap,
        page=addresses.page,
    )
