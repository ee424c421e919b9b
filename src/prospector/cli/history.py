"""What happened: engagements, moves, and the proof of each."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlmodel import Session, col, select

from prospector.casework import Casework
from prospector.cli.output import AsJson, Limit, echo, fail, installation, show, show_one
from prospector.cli.prospects import require_stage
from prospector.consequences import Consequences
from prospector.installation import utc_now
from prospector.models import Move, Prospect
from prospector.prospects import people, standing, steps, timeline
from prospector.prospects.standing import NoRuleError
from prospector.rules import live
from prospector.rules.live import Parsed

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
        id_ = people.find(session, prospect).id if prospect is not None else None
        rows = timeline.engagement_rows(session, id_, limit)
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
        rows = [timeline.move_row(one, name) for one, name in session.exec(statement.limit(limit))]
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
            Casework(Consequences(opened)).move(session, person, to, utc_now())
            return f"{person.name} is in {person.stage}."

        echo(opened.store.write(work))


def why(prospect: Who, as_json: AsJson = False) -> None:
    """The proof of a person's stage: each move with its evidence."""
    with installation() as opened, opened.store.reading() as session:
        person = people.find(session, prospect)
        history = standing.of(session, person, Parsed(), utc_now()).history
    proof = steps.proof_of(history)
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
        try:
            tree = standing.of(session, person, Parsed(), utc_now()).why_not(rule)
        except NoRuleError as error:
            fail(str(error), 2)
    if as_json:
        show_one(tree.as_json(), True)
    else:
        echo(tree.sentence)
