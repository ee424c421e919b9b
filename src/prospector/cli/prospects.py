"""Prospects: adding them, listing them, and where they are looked at."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from sqlmodel import Session, col, select

from prospector.cli.output import AsJson, Limit, fail, installation, show, show_one
from prospector.consequences import Consequences
from prospector.discovery import NoProfileError, profile_at
from prospector.enrolment import enrol, stages_of
from prospector.installation import Installation, utc_now
from prospector.models import Profile, Prospect, User
from prospector.polling import health
from prospector.prospects import listing, matching, people
from prospector.prospects import strangers as reaching_out
from prospector.prospects.people import NewProspect
from prospector.prospects.scope import EVERYBODY
from prospector.prospects.search import SearchError, parse
from prospector.rules.live import Parsed
from prospector.rules.ruleset import Ruleset
from prospector.sdk import ProfileRef

# In minor units it must still fit into an integer of PostgreSQL.
DEAREST = 20_000_000


def register(app: typer.Typer) -> None:
    for command in (add, prospects, profiles, accounts, strangers):
        app.command()(command)


def add(
    urls: Annotated[list[str], typer.Argument(help="Profile URLs of one person.")],
    name: Annotated[str | None, typer.Option()] = None,
    email: Annotated[str | None, typer.Option()] = None,
    company: Annotated[str | None, typer.Option()] = None,
    title: Annotated[str | None, typer.Option()] = None,
    stage: Annotated[str | None, typer.Option()] = None,
    value: Annotated[
        float | None, typer.Option(min=0, max=DEAREST, help="The deal's value in the main currency.")
    ] = None,
    owner: Annotated[str | None, typer.Option(help="The user whose prospect it is (an e-mail).")] = None,
    as_json: AsJson = False,
) -> None:
    """A prospect with profiles."""
    with installation() as opened:
        refs = [_ref(opened, url) for url in urls]
        address = people.normalised_address(email) if email is not None else None
        if email is not None and address is None:
            fail(f'"{email}" is no e-mail address.', 2)

        def work(session: Session) -> dict[str, Any]:
            if stage is not None:
                require_stage(session, stage)
            new = NewProspect(
                name=name or refs[0].handle,
                refs=refs,
                email=address,
                company=company,
                title=title,
                stage=stage,
                value=int(value * 100) if value is not None else None,
                currency=opened.settings.file.queue.currency if value is not None else None,
                source="added by hand",
                owner_id=owner_of(session, owner),
            )
            now = utc_now()
            prospect = enrol(session, Consequences(opened), new, opened.looking, now)
            return listing.listed(session, [prospect.id], rules_of(session), now)[0].as_json()

        show_one(opened.store.write(work), as_json)


def prospects(
    search: Annotated[
        list[str] | None,
        typer.Argument(help="stage:engaged owner:none tag:x ch:bluesky company:acme quiet:14d words …"),
    ] = None,
    stage: Annotated[str | None, typer.Option(help="Only those in this stage.")] = None,
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """The people we want to win, the warmest first; or those whom a search means."""
    with installation() as opened, opened.store.reading() as session:
        if stage is not None:
            require_stage(session, stage)
        words = [*(search or []), *([f'stage:"{stage}"'] if stage else [])]
        now = utc_now()
        ids = _meant(session, " ".join(words), limit)
        rules, rows = rules_of(session), list[dict[str, Any]]()
        for at in range(0, len(ids), 500):
            some = listing.listed(session, ids[at : at + 500], rules, now)
            rows += [row.as_json() for row in some]
    show(rows, as_json, "Nobody." if words else "Nobody yet. Add somebody with `prospector add URL`.")


def _meant(session: Session, text: str, limit: int) -> list[int]:
    """The ids of those whom a search means, the warmest first."""
    try:
        found = matching.matching(session, parse(text), EVERYBODY, None, stages_of(session), utc_now())
    except SearchError as error:
        fail(str(error), 2)
    return matching.every(session, found, limit)


def profiles(
    prospect: Annotated[str | None, typer.Option(help="An id, an e-mail or a profile URL.")] = None,
    as_json: AsJson = False,
) -> None:
    """Where people are, when each was looked at, and what stands in the way."""
    with installation() as opened, opened.store.reading() as session:
        statement = select(Profile, Prospect.name).join(Prospect, col(Prospect.id) == Profile.prospect_id)
        if prospect is not None:
            statement = statement.where(Profile.prospect_id == people.find(session, prospect).id)
        found = session.exec(statement.order_by(col(Profile.id)).limit(10_000)).all()
    show([_profile_row(profile, name) for profile, name in found], as_json, "No profiles.")


def accounts(as_json: AsJson = False) -> None:
    """Our own accounts: what each can do, when it looked last, and why it is paused."""
    with installation() as opened, opened.store.reading() as session:
        found = health.standings(session, list(opened.account_ids.values()))
        known = {
            one.name: health.as_json(one, opened.settings.accounts[one.name].connector.can) for one in found
        }
        rows = [known[name] for name in opened.account_ids]
    show(rows, as_json, "config.toml has no accounts yet; config.example.toml shows how they look.")


def strangers(
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """People who reached out to us and are no prospects yet."""
    with installation() as opened, opened.store.reading() as session:
        rows = [stranger.as_json() for stranger in reaching_out.listed(session, limit)]
    show(rows, as_json, "Nobody.")


def owner_of(session: Session, email: str | None) -> int | None:
    """The id of the user with this e-mail address."""
    if email is None:
        return None
    user = session.exec(select(User).where(User.email == email.lower())).first()
    if user is None:
        fail(f'There is no user "{email}".', 2)
    return user.id


def require_stage(session: Session, stage: str) -> None:
    """Fail where the rules know no such stage."""
    if stage not in (stages := stages_of(session)):
        fail(f'There is no stage "{stage}"; there are {", ".join(stages)}.', 2)


def rules_of(session: Session) -> Ruleset | None:
    """The live rules."""
    versions = Parsed().versions(session)
    return versions[-1].ruleset if versions else None


def _ref(opened: Installation, url: str) -> ProfileRef:
    """The profile behind a URL, or the end of the command."""
    try:
        return profile_at(opened, url)
    except NoProfileError as error:
        fail(str(error), 1 if error.looked else 2)


def _profile_row(profile: Profile, name: str) -> dict[str, Any]:
    if profile.gone_at is not None:
        state = "gone"
    elif profile.account_id is None:
        state = "not allowed to look"
    elif profile.failures:
        state = "could not look"
    else:
        state = "looked" if profile.polled_at else "not looked yet"
    return {
        "id": profile.id,
        "prospect": name,
        "platform": profile.platform,
        "url": profile.url,
        "state": state,
        "looked": profile.polled_at,
        "next": profile.next_poll_at,
        "error": profile.error,
    }
