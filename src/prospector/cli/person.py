"""`prospector person`: one person's rights, to see what is stored about them and to be forgotten."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlmodel import Session

from prospector.casework import Casework
from prospector.cli.output import echo, fail, installation, show_one
from prospector.consequences import Consequences
from prospector.installation import utc_now
from prospector.prospects import erasure, people
from prospector.prospects.erasure import ErasureError

app = typer.Typer(help="A person's rights: export and erase.")
Who = Annotated[str, typer.Argument(help="An id, an e-mail or a profile URL.")]


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="person", help="A person's rights: export and erase.")


@app.command()
def export(prospect: Who) -> None:
    """Everything that is stored about a person, as one JSON object."""
    with installation() as opened, opened.store.reading() as session:
        person = people.find(session, prospect)
        show_one(erasure.export(session, person, utc_now()), True)


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
