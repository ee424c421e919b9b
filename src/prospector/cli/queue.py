"""The day's list: read it, and decide card by card."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from sqlmodel import Session

from prospector.cli.output import HIGHEST_ID, AsJson, Limit, echo, fail, installation, show
from prospector.cli.prospects import owner_of
from prospector.config import duration
from prospector.installation import Installation, utc_now
from prospector.models import Card, Engagement, Message, Prospect
from prospector.outreach import drafts
from prospector.queue import day
from prospector.queue.rank import Section

Cards = Annotated[
    list[int],
    typer.Argument(metavar="ID...", max=HIGHEST_ID, help="The ids that `prospector queue` shows."),
]


def register(app: typer.Typer) -> None:
    for command in (queue, done, dismiss, snooze):
        app.command()(command)


def queue(
    owner: Annotated[str | None, typer.Option(help="Only this user's people (an e-mail).")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """Today's cards, each with the reasons that add up to its priority, and its draft."""
    with installation() as opened, opened.store.reading() as session:
        plan = day.today(session, opened.settings.file.queue, utc_now(), owner_of(session, owner))
        ids = [item.id for item in plan.today][:limit]
        messages = drafts.of_card(session, ids)
        rows = [_row(session, opened, session.get_one(Card, id_), messages.get(id_)) for id_ in ids]
        more = len(plan.more)
    if as_json:
        show(rows, True)
        return
    _print(rows)
    if more:
        echo(f"\n{more} more wait; they are no debt.")


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


def _row(session: Session, opened: Installation, card: Card, message: Message | None) -> dict[str, Any]:
    prospect = session.get_one(Prospect, card.prospect_id)
    strongest = card.causes[0] if card.causes else {}
    engagement = (
        session.get(Engagement, strongest["engagement_id"]) if strongest.get("engagement_id") else None
    )
    return {
        "id": card.id,
        "prospect": {"id": prospect.id, "name": prospect.name, "stage": prospect.stage},
        "section": Section[card.section.upper()].title,
        "why": [{"reason": reason["label"], "points": reason["points"]} for reason in card.reasons],
        "priority": card.priority,
        "detail": _detail(strongest, engagement),
        "engagement": engagement
        and {
            "kind": engagement.kind,
            "at": engagement.at,
            "channel": engagement.channel,
            "url": engagement.url,
            "text": engagement.text,
        },
        "draft": message and _draft_row(session, opened, message),
    }


def _detail(cause: Mapping[str, Any], engagement: Engagement | None) -> str:
    """What the strongest cause says beyond the words that the card shows anyway."""
    detail = str(cause.get("detail") or "")
    return "" if engagement is not None and engagement.text.startswith(detail) else detail


def _draft_row(session: Session, opened: Installation, message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "action": message.action,
        "by_hand": message.by_hand,
        "state": message.state,
        "subject": message.subject,
        "body": message.body,
        "stale": drafts.is_stale(session, message, drafts.desk_of(opened.settings, opened.account_ids)),
        "problems": [{"code": p["code"], "message": p["message"]} for p in message.problems],
    }


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
