"""`run`, `web` and `worker`: the processes that do the work; `poll` looks now."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from sqlmodel import Session, col, select

from prospector.cli.output import AsJson, fail, installation, show, show_one
from prospector.models import Account, Profile
from prospector.prospects import people


def register(app: typer.Typer) -> None:
    app.command()(run)
    app.command()(web)
    app.command()(worker)
    app.command()(poll)


def run(
    once: Annotated[bool, typer.Option("--once", help="One round of everything due, then end.")] = False,
    no_web: Annotated[bool, typer.Option("--no-web", help="Without the web page.")] = False,
    as_json: AsJson = False,
) -> None:
    """Scheduler, workers and web in one process."""
    from prospector import processes

    with installation(migrate=True) as opened:
        try:
            summary = asyncio.run(processes.run(opened, once=once, with_web=not no_web))
        except processes.ProcessError as error:
            fail(str(error))
        if once:
            show_one(summary.as_dict(), as_json)
            if summary.errors:
                raise typer.Exit(1)


def web() -> None:
    """Only the web page; workers run elsewhere (PostgreSQL)."""
    from prospector import processes

    with installation(migrate=True) as opened:
        try:
            asyncio.run(processes.web(opened))
        except processes.ProcessError as error:
            fail(str(error))


def worker() -> None:
    """One worker of many; needs PostgreSQL."""
    from prospector import processes

    with installation(migrate=True) as opened:
        try:
            asyncio.run(processes.worker(opened))
        except processes.ProcessError as error:
            fail(str(error))


def poll(
    prospect: Annotated[str | None, typer.Option(help="An id, an e-mail or a profile URL.")] = None,
    account: Annotated[
        str | None, typer.Option(help="An account of config.toml: its inbox and profiles.")
    ] = None,
    everyone: Annotated[bool, typer.Option("--all", help="Every profile and inbox.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look now, without waiting for the plan."""
    from prospector import processes

    if [prospect is not None, account is not None, everyone].count(True) != 1:
        fail("Say whom to look at: --prospect P, --account A or --all.", 2)
    with installation() as opened:
        if account is not None and account not in opened.account_ids:
            fail(f'config.toml has no account "{account}".', 2)

        def ring(session: Session) -> tuple[list[int], list[int]]:
            chosen = select(Profile.id).where(
                col(Profile.account_id).is_not(None), col(Profile.gone_at).is_(None)
            )
            inboxes = select(Account.id).where(col(Account.next_poll_at).is_not(None))
            if prospect is not None:
                chosen = chosen.where(Profile.prospect_id == people.find(session, prospect).id)
                inboxes = inboxes.where(Account.id == -1)
            if account is not None:
                chosen = chosen.where(Profile.account_id == opened.account_ids[account])
                inboxes = inboxes.where(Account.name == account)
            return list(session.exec(chosen)), list(session.exec(inboxes))

        recorded = asyncio.run(processes.look_now(opened, ring))
    show(recorded, as_json, "Nobody to look at.")
    if any(row["error"] for row in recorded):
        raise typer.Exit(1)
