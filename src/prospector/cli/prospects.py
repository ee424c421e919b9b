"""Prospects: adding them, listing them, and where they are looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, func, select

from prospector.cli.output import AsJson, Limit, fail, installation, show, show_one
from prospector.consequences import Consequences
from prospector.installation import Installation, utc_now
from prospector.models import Account, Company, Engagement, Profile, Prospect, User
from prospector.prospects import people
from prospector.prospects.people import NewProspect
from prospector.prospects.strangers import done_before
from prospector.prospects.urls import canonical
from prospector.rules.live import Parsed
from prospector.sdk import ConnectorError, ProfileRef

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
            stages = stages_of(session)
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
            prospect = people.add(session, new, stages[0], opened.looking, now)
            earlier = done_before(session, prospect.id)
            Consequences(opened).follow(session, earlier, {prospect.id}, (), now)
            return row_of(session, prospect)

        show_one(opened.store.write(work), as_json)


def prospects(
    stage: Annotated[str | None, typer.Option(help="Only those in this stage.")] = None,
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """The people we want to win, the warmest first."""
    with installation() as opened, opened.store.reading() as session:
        statement = select(Prospect).where(col(Prospect.archived_at).is_(None))
        if stage is not None:
            require_stage(session, stage)
            statement = statement.where(Prospect.stage == stage)
        found = session.exec(statement.order_by(col(Prospect.heat).desc(), col(Prospect.id)).limit(limit))
        rows = [row_of(session, prospect) for prospect in found]
    show(rows, as_json, "Nobody yet. Add somebody with `prospector add URL`.")


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
        rows = []
        for name, row_id in opened.account_ids.items():
            row = session.get_one(Account, row_id)
            can = opened.settings.accounts[name].connector.can
            acts = [act for act in ("like", "reply", "dm", "follow", "email") if can.act(act).itself]
            rows.append(
                {
                    "account": name,
                    "connector": row.connector,
                    "acts": acts,
                    "looked": row.polled_at,
                    "next": row.next_poll_at,
                    "failures": row.failures,
                    "error": row.error,
                    "paused": row.paused_why,
                }
            )
    show(rows, as_json, "config.toml has no accounts yet; config.example.toml shows how they look.")


def strangers(
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """People who reached out to us and are no prospects yet."""
    with installation() as opened, opened.store.reading() as session:
        last = func.max(Engagement.at)
        who: Any = (Engagement.channel, Engagement.actor, Engagement.actor_name, Engagement.actor_url)
        statement = (
            sa_select(*who, func.count(col(Engagement.id)), last)
            .where(col(Engagement.prospect_id).is_(None), col(Engagement.by) == "them")
            .group_by(*who)
            .order_by(last.desc())
            .limit(limit)
        )
        rows = [
            {"channel": channel, "name": name or actor, "url": url, "engagements": count, "last": at}
            for channel, actor, name, url, count, at in session.execute(statement)
        ]
    show(rows, as_json, "Nobody.")


def row_of(session: Session, prospect: Prospect) -> dict[str, Any]:
    company = session.get(Company, prospect.company_id) if prospect.company_id is not None else None
    urls = session.exec(select(Profile.url).where(Profile.prospect_id == prospect.id)).all()
    return {
        "id": prospect.id,
        "name": prospect.name,
        "company": company.name if company else None,
        "email": prospect.email,
        "stage": prospect.stage,
        "since": prospect.stage_at,
        "fit": prospect.fit,
        "profiles": list(urls),
    }


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


def stages_of(session: Session) -> Sequence[str]:
    """The stages of the live rules, in their order."""
    versions = Parsed().versions(session)
    return [stage.name for stage in versions[-1].ruleset.stages] if versions else ["cold"]


def _ref(opened: Installation, url: str) -> ProfileRef:
    """The profile behind a URL; a page of an unknown host is asked for its feed."""
    if (ref := canonical(url)) is not None:
        return ref
    feed = opened.serving("feed")
    if feed is None or not url.startswith(("http://", "https://")):
        fail(f'"{url}" is no profile. `prospector url` shows how a URL is read.', 2)
    return asyncio.run(_discovered(opened, feed.name, url))


async def _discovered(opened: Installation, account: str, url: str) -> ProfileRef:
    from prospector.runtime import Runtime

    runtime = Runtime(opened)
    try:
        account_id = opened.account_ids[account]
        ref = ProfileRef("feed", url, url)
        identity = await runtime.connector(account_id).resolve(runtime.context(account_id), ref)
    except ConnectorError as error:
        fail(f"{url} is no profile, and no feed was found there: {error}", 1)
    finally:
        await runtime.aclose()
    return ProfileRef("feed", identity.url, identity.handle)


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
