"""Mending a cause: a fact written down for people who lack it, or a fallback that stands for it.

What is filled is a fact of the person from then on, so that the next campaign has it too; taking it
back restores what stood there, unless somebody has written something else meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from prospector.campaigns import causes, drafting, editing
from prospector.campaigns.batches import Means, Page
from prospector.campaigns.steps import steps_of
from prospector.models import Campaign, Prospect, Recipient
from prospector.outreach.facts import plain

LONGEST = 200


class FillError(Exception):
    """A value cannot be filled in; the message says why."""


def checked(path: str, value: str) -> str:
    """A value as it is stored. Raises `FillError` for what cannot stand in one line of a mail."""
    if not causes.is_fillable(path):
        raise FillError(f"{causes.name_of(path)} is no fact of the person; change the text or the template.")
    if any(not letter.isprintable() for letter in value.strip()):
        raise FillError("The value has a line break or a control character; write it on one line.")
    text = " ".join(value.split())
    if plain(text) is None:
        raise FillError(f"Write what {causes.name_of(path)} is.")
    if len(text) > LONGEST:
        raise FillError(f"At most {LONGEST} characters, please.")
    return text


class Fill:
    """The act of a run: write facts of each person, and their drafts anew. What each is to get is kept
    by path; who is to get nothing is left."""

    def do(self, page: Page) -> Mapping[int, str]:
        left = {}
        for case in page.cases:
            values: Mapping[str, str] = case.edit.after.get("values", {})
            if not values:
                left[case.prospect.id] = "nothing is known that could stand there"
                continue
            case.edit.before = {"values": {path: value_of(case.prospect, path) for path in values}}
            for path, value in values.items():
                write(case.prospect, path, value)
        _redraft(page, left)
        return left

    def undo(self, page: Page) -> Mapping[int, str]:
        left = {}
        for case in page.cases:
            ours, before = case.edit.after["values"], case.edit.before["values"]
            if any(value_of(case.prospect, path) != value for path, value in ours.items()):
                left[case.prospect.id] = "somebody has written something else there since"
                continue
            for path, value in before.items():
                write(case.prospect, path, value)
        _redraft(page, left)
        return left


class Redraft:
    """The act of a run: the drafts anew, of the campaign's newest version. Taking back a fallback
    makes a version without it first."""

    def do(self, page: Page) -> Mapping[int, str]:
        _redraft(page, {})
        return {}

    def undo(self, page: Page) -> Mapping[int, str]:
        campaign = page.session.get_one(Campaign, page.campaign_id)
        newest = editing.newest(page.session, campaign.id)
        if newest is not None and (path := page.given.get("path")):
            kept = {key: text for key, text in newest.fallbacks.items() if key != path}
            editing.save_version(
                page.session,
                campaign,
                steps_of(newest.steps),
                kept,
                f"without a fallback for {path}",
                page.run.user_id,
                page.now,
                search_path=page.means.search_path,
            )
        _redraft(page, {})
        return {}


def fall_back(
    session: Session,
    means: Means,
    campaign: Campaign,
    path: str,
    text: str,
    user_id: int | None,
    now: datetime,
) -> str:
    """A new version of the campaign in which this text stands for a missing fact; the key under which
    the version keeps it. Raises `FillError`."""
    newest = editing.newest(session, campaign.id)
    if newest is None:
        raise FillError("The campaign has no text yet; write its template first.")
    key = path.removeprefix("prospect.")
    editing.save_version(
        session,
        campaign,
        steps_of(newest.steps),
        {**newest.fallbacks, key: checked(path, text)},
        f"“{text}” where {causes.name_of(path)} is missing",
        user_id,
        now,
        search_path=means.search_path,
    )
    return key


def value_of(prospect: Prospect, path: str) -> Any:
    """What is written down for a person under a path that can be filled."""
    name = path.removeprefix("prospect.")
    return getattr(prospect, name) if name in causes.COLUMNS else prospect.fields.get(causes.name_of(path))


def write(prospect: Prospect, path: str, value: Any) -> None:
    """Write a fact down, or with None take it away."""
    name = path.removeprefix("prospect.")
    if name in causes.COLUMNS:
        setattr(prospect, name, value)
        return
    key = causes.name_of(path)
    others = {one: known for one, known in prospect.fields.items() if one != key}
    prospect.fields = others if value is None else {**others, key: value}


def _redraft(page: Page, left: Mapping[int, str]) -> None:
    whom: list[Recipient] = [case.recipient for case in page.cases if case.prospect.id not in left]
    redraft(page, [one.id for one in whom])


def redraft(page: Page, recipient_ids: Sequence[int]) -> None:
    """Make the drafts of these people anew, with the facts of now."""
    page.session.flush()
    drafting.redraft(page.session, page.means.drafting, page.campaign_id, recipient_ids, page.now)
