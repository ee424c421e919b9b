"""`prospector merge` and `duplicates`: people who were entered twice."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlmodel import Session

from prospector import merge_plan, merges
from prospector.cli.output import AsJson, Limit, echo, fail, installation, show, show_one
from prospector.consequences import Consequences
from prospector.installation import Installation, utc_now
from prospector.merge_plan import MergeError, Plan
from prospector.prospects import duplicates as doubles
from prospector.prospects import people
from prospector.prospects.scope import EVERYBODY


def register(app: typer.Typer) -> None:
    app.command()(duplicates)
    app.command()(merge)


def duplicates(limit: Limit = 50, as_json: AsJson = False) -> None:
    """People who were perhaps entered twice, the likeliest first."""
    with installation() as opened, opened.store.reading() as session:
        rows = [pair.as_json() for pair in doubles.every(session, EVERYBODY, limit)]
    show(rows, as_json, "Nobody seems to be there twice.")


def merge(
    keep: Annotated[str, typer.Argument(metavar="A", help="Who lives on: an id, an e-mail or a URL.")],
    other: Annotated[str, typer.Argument(metavar="B", help="The same person once more.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what goes where.")] = False,
    as_json: AsJson = False,
) -> None:
    """One person entered twice becomes one, with both histories. A run: `undo` takes it back."""
    with installation() as opened:
        try:
            with opened.store.reading() as session:
                ids = people.find(session, keep).id, people.find(session, other).id
                planned = merge_plan.plan(session, *ids)
            run_id = None if dry_run else _merge(opened, *ids)
        except MergeError as error:
            fail(str(error), 2)
    if as_json:
        show_one({**planned.as_json(), "run": run_id}, True)
        return
    for line in sentences(planned):
        echo(line)
    if run_id is not None:
        echo(f"Run {run_id}: done. `prospector undo {run_id}` takes it back.")


def _merge(opened: Installation, kept: int, other: int) -> int:
    consequences, now = Consequences(opened), utc_now()

    def work(session: Session) -> int:
        return merges.merge(session, consequences, kept, other, None, now)

    return opened.store.write(work)


def sentences(planned: Plan) -> list[str]:
    """What a merge does, a line for each part of it."""
    moving = ", ".join(f"{number} {name}" for name, number in planned.moving.items() if number)
    kept, other = planned.names
    lines = [
        f"{other} (prospect {planned.other}) becomes {kept} (prospect {planned.kept}).",
        f"Goes along: {moving or 'nothing'}; {planned.cards}.",
    ]
    lines += [f"{name}: filled with {value}" for name, value in planned.filled.items()]
    lines += [f"{name}: {one} stays, {two} does not" for name, (one, two) in planned.differ.items()]
    if planned.joined.address is not None:
        lines.append(f"{planned.joined.address} becomes a second address: what comes from it is theirs.")
    if planned.withdrawn:
        ids = ", ".join(str(id_) for id_ in planned.withdrawn)
        lines.append(f"Taken back, since it was not said yet: message {ids}.")
    lines += [f"Campaign {name}: {what}." for name, what in planned.campaigns]
    if planned.stopped is not None:
        lines.append(f"They are never written to: {planned.stopped}.")
    return lines
