"""The team's work: whose people are whose, who is away, and taking changes of many people back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from sqlmodel import Session

from prospector import merges, parting
from prospector import runs as undoable
from prospector.cli.output import AsJson, Limit, echo, fail, installation, show
from prospector.cli.queue import moment
from prospector.consequences import Consequences
from prospector.installation import Installation, utc_now
from prospector.merge_plan import MergeError
from prospector.models import HIGHEST_ID, Run, User
from prospector.prospects import people
from prospector.prospects.bulk import Change
from prospector.runs import RunError
from prospector.team import absence, users
from prospector.team.absence import AbsenceError

Email = Annotated[str, typer.Argument(metavar="USER", help="A user's e-mail address.")]


def register(app: typer.Typer) -> None:
    for command in (assign, away, runs, undo):
        app.command()(command)


@contextmanager
def opened() -> Iterator[Installation]:
    """The workspace; what a person got wrong ends the command with a sentence."""
    try:
        with installation() as found:
            yield found
    except (AbsenceError, MergeError, RunError) as error:
        fail(str(error), 2)


def assign(
    who: Annotated[list[str], typer.Argument(metavar="P...", help="Ids, e-mails or profile URLs.")],
    to: Annotated[str, typer.Option(help="The user who has them from now on (an e-mail).")],
) -> None:
    """Give people to a user; their open cards go along. A run: `undo` takes it back."""
    with opened() as place:
        with place.store.reading() as session:
            owner = users.find(session, to)
            if owner.disabled_at is not None:
                fail(f"{owner.name} may not sign in any more; give them to somebody who may.", 2)
            ids = [people.find(session, one).id for one in who]
        change = Change(owner_id=owner.id)
        run_id = undoable.start(place.store, change, ids, None, utc_now())
        undoable.carry_out(place.store, Consequences(place), run_id, utc_now)
        with place.store.reading() as session:
            (row,) = undoable.listed(session, None, 1, before=run_id + 1)
        stayed = len(set(ids)) - row["changed"]
        rest = f"; {stayed} stay as they were" if stayed else ""
        echo(f"Run {run_id}: {row['changed']} are {owner.name}'s now{rest}.")


def away(
    user: Email,
    until: Annotated[
        str | None, typer.Option(help="When they are back: a date (2026-12-01), or 7d from now.")
    ] = None,
    cover: Annotated[str | None, typer.Option(help="Who decides meanwhile (an e-mail).")] = None,
    back: Annotated[bool, typer.Option("--back", help="They are back now.")] = False,
) -> None:
    """Somebody is away, and a colleague covers: until the date their cards are the colleague's too."""
    if back == (until is not None or cover is not None):
        fail("Say either --until and --cover, or --back.", 2)
    with opened() as place:
        if back:
            place.store.write(lambda session: absence.come_back(session, users.find(session, user)))
            echo(f"{user} is back.")
        elif until is None or cover is None:
            fail("Say until when they are away and who covers: --until 2026-12-01 --cover EMAIL.", 2)
        else:
            echo(_leave(place, user, until, cover))


def _leave(place: Installation, user: str, until: str, cover: str) -> str:
    now = utc_now()

    def work(session: Session) -> tuple[User, User]:
        who, instead = users.find(session, user), users.find(session, cover)
        absence.leave(session, who, moment(until, who.timezone, now), instead, now)
        return who, instead

    who, instead = place.store.write(work)
    end = who.away_until.astimezone(ZoneInfo(who.timezone)) if who.away_until else now
    return f"{who.name} is away until {end:%Y-%m-%d %H:%M}; {instead.name} covers."


def runs(limit: Limit = 50, as_json: AsJson = False) -> None:
    """Changes of many people at once, the newest first."""
    with opened() as place, place.store.reading() as session:
        rows = undoable.listed(session, None, limit)
    show(rows, as_json, "Nothing has been changed in bulk yet.")


def undo(
    run: Annotated[int, typer.Argument(max=HIGHEST_ID, help="The number that `prospector runs` shows.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be restored.")] = False,
) -> None:
    """Take a run back. What somebody changed since is left alone, and said."""
    with opened() as place:
        if _is_merge(place, run):
            _part(place, run, dry_run)
            return
        with place.store.reading() as session:
            plan = undoable.undoing(session, run)
        if not dry_run:
            undoable.take_back(place.store, Consequences(place), run, utc_now)
        would = "would be" if dry_run else "are"
        gone = f", {plan.removed} of them by being gone again" if plan.removed else ""
        echo(f"Run {run}: {plan.restored} people {would} as they were{gone}.")
        for name, why in plan.left:
            echo(f"  {name}: {why}, so that stays.")


def _is_merge(place: Installation, run_id: int) -> bool:
    with place.store.reading() as session:
        run = session.get(Run, run_id)
        return run is not None and run.kind == merges.KIND


def _part(place: Installation, run_id: int, dry_run: bool) -> None:
    """Take a merge back: two people again."""
    consequences, now = Consequences(place), utc_now()
    with place.store.reading() as session:
        done = parting.undoing(session, run_id)
    if not dry_run:
        done = place.store.write(lambda session: parting.take_back(session, consequences, run_id, now))
    would = "would be" if dry_run else "are"
    echo(f"Run {run_id}: {done.names[0]} and {done.names[1]} {would} two people again.")
    for line in done.left:
        echo(f"  {line}.")
