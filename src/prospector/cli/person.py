"""`prospector person`: one person's rights, to see what is stored about them and to be forgotten."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from sqlmodel import Session

from prospector import uploads
from prospector.casework import Casework
from prospector.cli.output import AsJson, Limit, echo, fail, installation, show, show_one
from prospector.consequences import Consequences
from prospector.enrolment import won_stages
from prospector.installation import utc_now
from prospector.outreach import consents, law
from prospector.overwriting import overwrite
from prospector.prospects import disclosure, erasure, people, retention
from prospector.prospects.erasure import ErasureError
from prospector.prospects.scope import EVERYBODY

app = typer.Typer(help="A person's rights: export, erase, and who is kept too long.")
Who = Annotated[str, typer.Argument(help="An id, an e-mail or a profile URL.")]


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="person", help="A person's rights: export, erase, and who is kept too long.")


@app.command()
def export(
    prospect: Who,
    html: Annotated[bool, typer.Option("--html", help="A page to read, instead of JSON.")] = False,
) -> None:
    """Everything that is stored about a person, as one JSON object or as a page."""
    with installation() as opened, opened.store.reading() as session:
        told = erasure.export(session, people.find(session, prospect), utc_now())
    if html:
        sys.stdout.write(disclosure.page(told))
    else:
        show_one(told, True)


@app.command()
def erase(
    prospect: Who,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for the name first.")] = False,
) -> None:
    """Forget a person for good: there is no way back."""
    with installation() as opened:
        with opened.store.reading() as session:
            person = people.find(session, prospect)
            known, id_ = person.name, person.id
        if not yes and typer.prompt(f"Type the name to erase {known} for good").strip() != known:
            fail("That is not the name; nothing was erased.", 2)

        def work(session: Session) -> str:
            who = people.find(session, str(id_))
            return Casework(Consequences(opened)).erase(session, who, utc_now()).sentence

        try:
            echo(opened.store.write(work))
        except ErasureError as error:
            fail(str(error))
        overwrite(opened.store)
        uploads.forget(opened.workspace.root)


@app.command("retention")
def retained(
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """Of whom nothing was heard, and nothing came, for `keep_months`: to be erased, or kept on purpose."""
    with installation() as opened, opened.store.reading() as session:
        since = retention.months_before(utc_now(), opened.settings.file.people.keep_months)
        won, rows, after = won_stages(session), list[dict[str, Any]](), 0
        while len(rows) < limit:
            part = retention.listed(session, EVERYBODY, since, limit - len(rows), after, won)
            rows += [person.as_json() for person in part.people]
            if part.next is None:
                break
            after = part.next
    show(rows, as_json, "Nobody: of everybody something was heard, or they are new.")


@app.command()
def consent(
    prospect: Who,
    kind: Annotated[str, typer.Option(help=f"What it is: {', '.join(law.KINDS)}.")] = "",
    evidence: Annotated[str, typer.Option(help="What proves it, and where that can be found.")] = "",
    at: Annotated[str, typer.Option(help="The day since which it holds, as 2026-11-24.")] = "",
    page: Annotated[str, typer.Option(help="Of a published address: the page that it stands on.")] = "",
    relevance: Annotated[str, typer.Option(help="And why the message concerns their role.")] = "",
    nothing_against: Annotated[
        bool, typer.Option("--nothing-against", help="And that the page has no word against such mail.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Why we may write to a person: note a reason with its evidence; without --kind, list them."""
    with installation() as opened:
        outreach, now = opened.settings.file.outreach, utc_now()

        def work(session: Session) -> None:
            given = law.entered(kind, at, evidence, page=page, relevance=relevance, clear=nothing_against)
            consents.add(session, people.find(session, prospect), given, None, now)

        if kind:
            try:
                opened.store.write(work)
            except (consents.ConsentError, law.GroundError) as error:
                fail(str(error), 2)
        with opened.store.reading() as session:
            who = people.find(session, prospect)
            verdict = consents.verdict_of(session, outreach, who, now, consents.BY_HAND)
            show(consents.rows(session, who.id), as_json, "No consent is noted.")
        if not as_json:
            echo(f"Cold e-mail {'may' if verdict.ok else 'may not'} go: {verdict.why}.")
