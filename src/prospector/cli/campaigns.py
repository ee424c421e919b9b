"""Campaigns: making them, filling them, letting them run, and what came of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from sqlmodel import Session, col, select

from prospector.campaigns import drafting, editing, launch, listing, members, recipients, results, steps
from prospector.campaigns.drafting import Means
from prospector.campaigns.editing import CampaignError
from prospector.campaigns.members import Filter, Member
from prospector.campaigns.recipients import Added
from prospector.campaigns.steps import Step, Variant
from prospector.cli.output import AsJson, Limit, complain, echo, fail, installation, show
from prospector.cli.prospects import require_stage
from prospector.enrolment import stages_of
from prospector.installation import Installation, utc_now
from prospector.models import HIGHEST_ID, Campaign, Message, Prospect, Recipient
from prospector.outreach import pending, template
from prospector.outreach.drafts import desk_of
from prospector.prospects import people
from prospector.prospects.search import SearchError

Name = Annotated[str, typer.Argument(metavar="NAME", help="The campaign's name or id.")]
campaign = typer.Typer(help="One campaign: add, people, draft, start, pause, resume, finish, results.")


def register(app: typer.Typer) -> None:
    app.command("campaigns")(campaigns)
    for command in (add, draft, start, pause, resume, finish):
        campaign.command()(command)
    campaign.command("people")(add_people)
    campaign.command("results")(show_results)
    app.add_typer(campaign, name="campaign")


@contextmanager
def opened() -> Iterator[Installation]:
    """The workspace; what a person got wrong ends the command with a sentence."""
    with opened_or_fail(), installation() as found:
        yield found


def campaigns(limit: Limit = 100, as_json: AsJson = False) -> None:
    """All campaigns, the newest first: what each does now, and what came of it."""
    with opened() as place, place.store.reading() as session:
        found = listing.rows(session, place.settings, utc_now(), limit)
    show([row.as_json() for row in found], as_json, "No campaigns yet; make one: prospector campaign add.")


def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called.")],
    template_name: Annotated[str, typer.Option("--template", help="The first mail, of templates/.")],
    follow_up: Annotated[list[str] | None, typer.Option(help="A mail that follows, as often as 3.")] = None,
    wait: Annotated[
        list[int] | None, typer.Option(min=1, help="Working days before each follow-up; else 3.")
    ] = None,
    account: Annotated[list[str] | None, typer.Option(help="A mailbox of config.toml to send from.")] = None,
    basis: Annotated[str, typer.Option(help="By what right we write, in a sentence.")] = "",
    source: Annotated[str, typer.Option(help="Where the addresses are from.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a campaign of templates; nobody is in it, and nothing is sent yet."""
    waits = [*(wait or []), *[3] * len(follow_up or [])]
    with opened() as place:
        names = [template_name, *(follow_up or [])]
        series = [
            Step(0 if number == 0 else waits[number - 1], (variant,))
            for number, variant in enumerate(variants_of(place, names))
        ]
        chosen = _mailboxes(place, account or [])

        def work(session: Session) -> dict[str, Any]:
            path, now = place.template_path(), utc_now()
            made = editing.create(
                session, name, None, now, steps=series, account_ids=chosen, search_path=path
            )
            editing.configure(session, made, basis=basis, source=source)
            return listing.row(session, place.settings, made, now).as_json()

        show([place.store.write(work)], as_json)


def add_people(
    name: Name,
    prospect: Annotated[list[str] | None, typer.Option(help="An id, an e-mail or a profile URL.")] = None,
    stage: Annotated[str | None, typer.Option(help="Everybody in this stage.")] = None,
    query: Annotated[str | None, typer.Option(help="Whom a search of the people's list means.")] = None,
    run: Annotated[int | None, typer.Option(max=HIGHEST_ID, help="The people of this import.")] = None,
    as_json: AsJson = False,
) -> None:
    """Put people into a campaign, each once; of who may not come in, the list says why."""
    if not (prospect or stage or query or run):
        fail("Say whom: --prospect P (as often as you like), --stage S, --query Q or --run IMPORT.", 2)
    with opened() as place:

        def work(session: Session) -> tuple[Added, dict[int, str]]:
            into, now = editing.named(session, name), utc_now()
            ids = [people.find(session, one).id for one in prospect or []]
            if stage is not None:
                require_stage(session, stage)
                ids += session.exec(select(Prospect.id).where(Prospect.stage == stage)).all()
            if query is not None:
                ids += recipients.from_query(session, query, stages_of(session), now)
            if run is not None:
                ids += recipients.from_run(session, run)
            outreach = place.settings.file.outreach
            added = recipients.add(session, into, ids, run, now, outreach=outreach)
            return added, _names(session, [id_ for id_, _ in (*added.refused, *added.warned)])

        added, names = place.store.write(work)
    told = [("refused", added.refused), ("warning", added.warned)]
    rows = [
        {"prospect": id_, "name": names.get(id_, "?"), "outcome": outcome, "why": why}
        for outcome, some in told
        for id_, why in some
    ]
    if as_json:
        show([{"added": added.added, "already": added.already, "not": rows}], as_json)
        return
    echo(f"{added.added} added, {added.already} were in it already, {len(added.refused)} may not come in.")
    if rows:
        show(rows, as_json)


def draft(name: Name, as_json: AsJson = False) -> None:
    """Make the drafts of everybody who needs them; they wait for approval."""
    with opened() as place:
        with place.store.reading() as session:
            campaign_id = editing.named(session, name).id
        run_id = draft_all(place, campaign_id)
        with place.store.reading() as session:
            came = drafting.progress(session, run_id)
    row = {"run": run_id, "campaign": campaign_id, "people": came.done, "kept": came.kept}
    show([row], as_json)


def start(name: Name, as_json: AsJson = False) -> None:
    """Let what is approved leave, now and from now on."""

    def work(session: Session, place: Installation, one: Campaign) -> None:
        desk = desk_of(place.settings, place.account_ids)
        launch.start(session, place.settings, desk, one, utc_now())

    _change(name, work, as_json)


def pause(
    name: Name,
    why: Annotated[str, typer.Option(help="The reason, which stands beside all that waits.")] = "",
    as_json: AsJson = False,
) -> None:
    """Let nothing more leave until it is resumed."""
    _change(name, lambda session, _, one: launch.pause(session, one, why, utc_now()), as_json)


def resume(name: Name, as_json: AsJson = False) -> None:
    """Go on with a paused campaign."""

    def work(session: Session, place: Installation, one: Campaign) -> None:
        desk = desk_of(place.settings, place.account_ids)
        launch.resume(session, place.settings, desk, one, utc_now())

    _change(name, work, as_json)


def finish(name: Name, as_json: AsJson = False) -> None:
    """End a campaign for good; what has not left is taken back."""
    _change(name, lambda session, _, one: launch.finish(session, one, utc_now()), as_json)


def show_results(
    name: Name,
    everybody: Annotated[bool, typer.Option("--people", help="A row for each person.")] = False,
    limit: Limit = 1000,
    as_json: AsJson = False,
) -> None:
    """What came of it: by step and variant, or with --people of each person."""
    with opened() as place, place.store.reading() as session:
        one = editing.named(session, name)
        if everybody:
            rows = [_member(row) for row in members.listed(session, one.id, Filter(), 0, limit)]
        else:
            rows = [row for step in results.of_steps(session, one.id, utc_now()) for row in step.as_json()]
    show(rows, as_json, "Nothing was sent yet.")


def draft_all(place: Installation, campaign_id: int) -> int:
    """A drafting run to its end; its number."""
    means = Means(desk_of(place.settings, place.account_ids), place.template_path())
    run_id = drafting.start(place.store, campaign_id, None, utc_now())
    drafting.carry_out(place.store, means, run_id, utc_now)
    return run_id


def draft_for(place: Installation, name: str, template_name: str, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Put people into the campaign of this name and draft them; the rows of their first mails. A
    campaign that is not there is made of this one template, and runs at once if nothing is missing."""
    with opened_or_fail():
        campaign_id, new = place.store.write(
            lambda session: _campaign_for(session, place, name, template_name)
        )
        whom = place.store.write(lambda session: _recipients_of(session, place, campaign_id, ids))
        means = Means(desk_of(place.settings, place.account_ids), place.template_path())
        run_id = drafting.start(place.store, campaign_id, None, utc_now(), whom)
        drafting.carry_out(place.store, means, run_id, utc_now)
        if new:
            place.store.write(lambda session: _let_run(session, place, campaign_id))
    with place.store.reading() as session:
        return [pending.as_json(*found) for found in _first_mails(session, whom)]


@contextmanager
def opened_or_fail() -> Iterator[None]:
    """What a person got wrong ends the command with a sentence."""
    try:
        yield
    except (CampaignError, SearchError) as error:
        fail(str(error), 2)


def _campaign_for(session: Session, place: Installation, name: str, template_name: str) -> tuple[int, bool]:
    """The campaign of this name, writing what the template says; whether it was made just now."""
    series = [Step(0, tuple(variants_of(place, [template_name])))]
    known = session.exec(select(Campaign).where(Campaign.name == " ".join(name.split()))).first()
    path, now = place.template_path(), utc_now()
    if known is None:
        mails = [one for one in place.settings.accounts.values() if one.connector.can.email.itself]
        ids = [place.account_ids[one.name] for one in mails[:1]]
        made = editing.create(session, name, None, now, steps=series, account_ids=ids, search_path=path)
        return made.id, True
    newest = editing.newest(session, known.id)
    if newest is not None and len(newest.steps) > 1:
        raise CampaignError(
            f'"{known.name}" is a series of {len(newest.steps)} mails. Add people with `prospector campaign '
            f'people`, then `prospector campaign draft "{known.name}"`.'
        )
    note = f"the template {template_name}"
    editing.save_version(session, known, series, {}, note, None, now, search_path=path)
    return known.id, False


def _recipients_of(session: Session, place: Installation, campaign_id: int, ids: Sequence[int]) -> list[int]:
    campaign = editing.find(session, campaign_id)
    recipients.add(session, campaign, ids, None, utc_now(), outreach=place.settings.file.outreach)
    theirs = select(Recipient.id).where(
        Recipient.campaign_id == campaign_id, col(Recipient.prospect_id).in_(ids)
    )
    return list(session.exec(theirs))


def _let_run(session: Session, place: Installation, campaign_id: int) -> None:
    """A campaign that the command line made by the way runs, unless something is missing: then its
    drafts can be approved, and wait until it is there."""
    campaign, now = editing.find(session, campaign_id), utc_now()
    missing = launch.gate(session, place.settings, campaign, now)
    if not missing:
        desk = desk_of(place.settings, place.account_ids)
        launch.start(session, place.settings, desk, campaign, now)
        return
    told = "; ".join(one.message for one in missing)
    complain(f'Nothing leaves before `prospector campaign start "{campaign.name}"`; for that: {told}.')


def _first_mails(session: Session, recipient_ids: Sequence[int]) -> list[tuple[Message, Prospect]]:
    drafts = (
        select(Message, Prospect)
        .join(Prospect, col(Prospect.id) == Message.prospect_id)
        .where(col(Message.recipient_id).in_(recipient_ids), Message.state == "draft", Message.step == 1)
    )
    return list(session.exec(drafts.order_by(col(Message.id))))


def _change(name: str, work: Any, as_json: bool) -> None:
    with opened() as place:

        def change(session: Session) -> dict[str, Any]:
            one = editing.named(session, name)
            work(session, place, one)
            return listing.row(session, place.settings, one, utc_now()).as_json()

        show([place.store.write(change)], as_json)


def variants_of(place: Installation, names: Sequence[str]) -> list[Variant]:
    """What each of these templates says, in all its languages. Raises `TemplateError`."""
    path = place.template_path()
    library = template.load_all(path)
    return [
        steps.variant_of("A", library.by_language(one) or {"en": template.load(path, one)}) for one in names
    ]


def _mailboxes(place: Installation, names: Sequence[str]) -> list[int]:
    """The rows of these accounts; without names, the only mailbox that there is."""
    mails = [name for name, one in place.settings.accounts.items() if one.connector.can.email.itself]
    if unknown := [name for name in names if name not in mails]:
        fail(f'"{unknown[0]}" is no mailbox of config.toml; there are {", ".join(mails) or "none"}.', 2)
    chosen = list(names) or (mails if len(mails) == 1 else [])
    return [place.account_ids[name] for name in chosen]


def _member(one: Member) -> dict[str, Any]:
    return {
        "prospect": one.prospect_id,
        "name": one.name,
        "address": one.address,
        "state": one.state,
        "why": one.why,
        "version": one.version,
        "variant": one.variant,
        "mailbox": one.mailbox,
        "sent": one.sent,
        "outcomes": [outcome.kind for outcome in one.outcomes],
    }


def _names(session: Session, ids: Sequence[int]) -> dict[int, str]:
    found = select(Prospect.id, Prospect.name).where(col(Prospect.id).in_(ids))
    return dict(session.exec(found).all())
