"""The day's list: read it, and decide card by card."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from sqlmodel import Session

from prospector.cli.output import AsJson, Limit, echo, fail, installation, show
from prospector.cli.prospects import owner_of
from prospector.config import duration
from prospector.consequences import Consequences
from prospector.installation import Installation, utc_now
from prospector.models import HIGHEST_ID, User
from prospector.outreach import drafts
from prospector.outreach.window import zone_of
from prospector.prospects.scope import EVERYBODY, Scope
from prospector.queue import day, listing, undo
from prospector.queue.means import Means
from prospector.queue.reader import Rep
from prospector.queue.session import session_of

Cards = Annotated[
    list[int],
    typer.Argument(metavar="ID...", max=HIGHEST_ID, help="The ids that `prospector queue` shows."),
]


def register(app: typer.Typer) -> None:
    for command in (queue, done, dismiss, snooze, reopen):
        app.command()(command)


def queue(
    owner: Annotated[str | None, typer.Option(help="Only this user's people (an e-mail).")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """Today's cards, each with the reasons that add up to its priority, and its draft."""
    with installation() as opened, opened.store.reading() as session:
        reader = _reader(session, opened, owner)
        agenda = session_of(session, reader, utc_now())
        desk = drafts.desk_of(opened.settings, opened.account_ids)
        rows = [listing.as_json(session, desk, row, reader.id) for row in agenda.rows[:limit]]
    if as_json:
        show(rows, True)
        return
    _print(rows)
    if agenda.more:
        least = "at least " if agenda.more_is_least else ""
        echo(f"\n{least}{agenda.more} more wait; they are no debt.")


def done(ids: Cards) -> None:
    """These cards are dealt with."""
    _decide(ids, "done", None)


def dismiss(ids: Cards, why: Annotated[str | None, typer.Option()] = None) -> None:
    """Nothing is to be done about these cards."""
    _decide(ids, "dismissed", why)


def snooze(
    ids: Cards,
    until: Annotated[str | None, typer.Option(help="A date (2026-12-01) or a time from now (3d).")] = None,
    on: Annotated[str | None, typer.Option(help="post or reply: until they do that.")] = None,
) -> None:
    """Put cards away until a date, or until they post or reply; an answer always brings them back."""
    if (until is None) == (on is None):
        fail("Say either --until (a date, or 3d) or --on (post or reply).", 2)
    if on not in (None, "post", "reply"):
        fail(f'--on is post or reply, not "{on}".', 2)
    with installation() as opened:
        now = utc_now()
        back = moment(until, opened.settings.file.queue.timezone, now) if until is not None else None
        with opened.store.transaction() as session:
            for card_id in ids:
                try:
                    day.snooze(session, card_id, until=back, wake_on=on, now=now)
                except day.CardError as error:
                    fail(str(error), 2)
    echo(f"{len(ids)} snoozed.")


def reopen(ids: Cards) -> None:
    """Take the last decision of these cards back, with the message that it let go, unless that has
    left; again, the decision before."""
    with installation() as opened:
        means = Means(opened.settings, Consequences(opened))
        with opened.store.transaction() as session:
            for card_id in ids:
                try:
                    undo.reopen(session, means, Rep(scope=EVERYBODY), card_id, utc_now())
                except day.CardError as error:
                    fail(str(error), 2)
    echo(f"{len(ids)} taken back.")


def _reader(session: Session, opened: Installation, owner: str | None) -> Rep:
    """A user with their own zone and minutes, or the whole team with those of config.toml."""
    queue, owner_id = opened.settings.file.queue, owner_of(session, owner)
    if owner_id is None:
        zone = ZoneInfo(queue.timezone)
        return Rep(zone=zone, day_start=queue.day_start, minutes=queue.minutes, scope=EVERYBODY)
    user = session.get_one(User, owner_id)
    start = time.fromisoformat(user.day_start)
    scope = Scope(frozenset({owner_id}))
    zone = zone_of(user.timezone, queue.timezone)
    return Rep(owner_id, user.name, zone, start, user.minutes, scope=scope)


def _decide(ids: list[int], state: str, why: str | None) -> None:
    with installation() as opened, opened.store.transaction() as session:
        for card_id in ids:
            try:
                day.decide(session, card_id, state, user_id=None, why=why, now=utc_now())
            except day.CardError as error:
                fail(str(error), 2)
    echo(f"{len(ids)} {state}.")


def moment(text: str, zone: str, now: datetime) -> datetime:
    """When `2026-12-01` (midnight in the zone), a time with an offset, or `3d` from now is."""
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        pass
    else:
        return told if told.tzinfo else told.replace(tzinfo=ZoneInfo(zone))
    try:
        back: timedelta = duration(text)
    except ValueError:
        fail(f'"{text}" is neither a date (2026-12-01) nor a time from now (3d).', 2)
    return now + back


def _print(rows: list[dict[str, Any]]) -> None:
    if not rows:
        echo("Nothing is waiting. Everything seen so far has been decided.")
    section = None
    for row in rows:
        if row["section"] != section:
            section = row["section"]
            echo(f"\n{section}", bold=True)
        reasons = ", ".join(f"{why['reason']} {why['points']}" for why in row["why"])
        echo(f"  {row['id']:>5}  {row['prospect']['name']} ({row['prospect']['stage']})", colour="cyan")
        echo(f"         {row['priority']} = {reasons}")
        if row["detail"]:
            echo(f"         {row['detail']}")
        if row["engagement"] and row["engagement"]["text"]:
            echo(f"         “{' '.join(row['engagement']['text'].split())[:100]}”")
        if row["draft"]:
            _print_draft(row["draft"])


def _print_draft(draft: dict[str, Any]) -> None:
    hand = ", by hand" if draft["by_hand"] else ""
    stale = ", out of date" if draft["stale"] else ""
    echo(f"         draft {draft['id']} ({draft['action']}{hand}{stale}): {draft['subject']}")
    for line in draft["body"].splitlines():
        echo(f"           | {line}")
    for problem in draft["problems"]:
        echo(f"           ! {problem['message']}", colour="red")
