"""What happened: engagements, moves, and the proof of each."""

from __future__ import annotations

import uuid
from operator import itemgetter
from typing import Annotated, Any

import typer
from sqlmodel import Session, col, select

from prospector.cli.output import AsJson, Limit, echo, fail, installation, show, show_one
from prospector.cli.prospects import require_stage
from prospector.consequences import Consequences
from prospector.engagements import Entry, log
from prospector.installation import utc_now
from prospector.models import Engagement, Move, Prospect
from prospector.prospects import people
from prospector.rules import explain, live
from prospector.rules.history import Move as ByHand
from prospector.rules.live import Parsed
from prospector.sdk import Seen

Who = Annotated[str, typer.Argument(help="An id, an e-mail or a profile URL.")]


def register(app: typer.Typer) -> None:
    app.command()(engagements)
    app.command()(moves)
    app.command()(move)
    app.command()(why)
    app.command("why-not")(why_not)


def engagements(
    prospect: Annotated[str | None, typer.Option(help="An id, an e-mail or a profile URL.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """What people did, and what we did towards them; the newest first."""
    with installation() as opened, opened.store.reading() as session:
        statement = select(Engagement).where(Engagement.kind != "field_set")
        statement = statement.order_by(col(Engagement.at).desc(), col(Engagement.id).desc())
        if prospect is not None:
            statement = statement.where(Engagement.prospect_id == people.find(session, prospect).id)
        rows = [_engagement_row(one) for one in session.exec(statement.limit(limit))]
    show(rows, as_json, "Nothing has been seen yet.")


def moves(
    prospect: Annotated[str | None, typer.Option(help="An id, an e-mail or a profile URL.")] = None,
    limit: Limit = 50,
    superseded: Annotated[bool, typer.Option("--superseded", help="Also those that were corrected.")] = False,
    as_json: AsJson = False,
) -> None:
    """Who moved from which stage to which, when and by which rule; the newest first."""
    with installation() as opened, opened.store.reading() as session:
        statement = (
            select(Move, Prospect.name)
            .join(Prospect, col(Prospect.id) == Move.prospect_id)
            .order_by(col(Move.effective_at).desc(), col(Move.id).desc())
        )
        if not superseded:
            statement = statement.where(col(Move.superseded_at).is_(None))
        if prospect is not None:
            statement = statement.where(Move.prospect_id == people.find(session, prospect).id)
        rows = [_move_row(one, name) for one, name in session.exec(statement.limit(limit))]
    show(rows, as_json, "Nobody has moved yet.")


def move(
    prospect: Who,
    to: Annotated[str, typer.Option(help="The stage to move them to.")],
) -> None:
    """Move somebody by hand; rules keep their hands off for a while."""
    with installation() as opened:

        def work(session: Session) -> str:
            person = people.find(session, prospect)
            require_stage(session, to)
            now = utc_now()
            attributes = {"to": to}
            seen = Seen("stage_set", "us", uuid.uuid4().hex, now, by="us", attributes=attributes)
            new = log(session, [Entry("ui", seen, now, person.id)])
            Consequences(opened).follow(session, new, [], (), now)
            return f"{person.name} is in {person.stage}."

        echo(opened.store.write(work))


def why(prospect: Who, as_json: AsJson = False) -> None:
    """The proof of a person's stage: each move with its evidence."""
    with installation() as opened, opened.store.reading() as session:
        person = people.find(session, prospect)
        history = _history(session, person)
        trees = [explain.why(firing) for firing in history.firings]
        by_hand = [_by_hand(one) for one in history.moves if one.rule is None]
    proof = sorted([*(tree.as_json() for tree in trees), *by_hand], key=itemgetter("at"))
    if as_json:
        show(proof, True)
        return
    echo(f"{person.name} is in {history.stage} since {live.moment(history.entered):%d %b %Y %H:%M} UTC.")
    for step in proof:
        echo(step["sentence"])


def why_not(
    prospect: Who,
    rule: Annotated[str, typer.Option(help="The rule's name.")],
    as_json: AsJson = False,
) -> None:
    """What a rule still needs to move this person, and what stands in its way."""
    with installation() as opened, opened.store.reading() as session:
        person = people.find(session, prospect)
        history = _history(session, person)
        versions = Parsed().versions(session)
        names = [known.name for known in versions[-1].ruleset.rules] if versions else []
        if rule not in names:
            fail(f'There is no rule "{rule}"; there are: {", ".join(names)}.', 2)
        tree = explain.why_not(history, rule, live.seconds(utc_now()))
    if as_json:
        show_one(tree.as_json(), True)
    else:
        echo(tree.sentence)


def _history(session: Session, person: Prospect) -> Any:
    events = live.events_of(session, person.id)
    return live.history_of(person, events, Parsed().versions(session), person.horizon)


def _by_hand(move: ByHand) -> dict[str, Any]:
    at = live.moment(move.effective_at)
    sentence = f"Moved {move.before} -> {move.after} by hand on {at:%-d %b %H:%M}."
    return {"sentence": sentence, "at": move.effective_at, "key": move.key}


def _engagement_row(one: Engagement) -> dict[str, Any]:
    return {
        "id": one.id,
        "at": one.at,
        "prospect": one.prospect_id,
        "by": one.by,
        "kind": one.kind,
        "channel": one.channel,
        "who": one.actor_name or one.actor,
        "text": " ".join(one.text.split())[:200],
        "url": one.url,
        "seen_at": one.seen_at,
    }


def _move_row(one: Move, name: str) -> dict[str, Any]:
    return {
        "at": one.effective_at,
        "prospect": name,
        "before": one.before,
        "after": one.after,
        "rule": one.rule or "by hand",
        "known": one.decided_at,
        "superseded": one.superseded_at,
    }
