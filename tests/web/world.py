"""A small team with people of their own, for tests that go through every route: whoever adds a parameter
to a route says here what stands for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, get_args, get_origin

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from sqlmodel import Session, select
from tests.office import Office, office, sqlite_store
from tests.signed import application, token, user

from prospector import merges
from prospector.importing import staging
from prospector.models import (
    Account,
    Campaign,
    Card,
    Company,
    Consent,
    Engagement,
    Message,
    Move,
    Profile,
    Prospect,
    Recipient,
    Run,
    User,
    View,
)
from prospector.team import sessions
from prospector.web import assets
from prospector.web.door import Route, routes_of

ROLES = ("rep", "founder", "manager", "admin")
# What only their owner and those above may see; everything else is everybody's.
OWNED = frozenset(
    {
        "card_id",
        "consent_id",
        "message_id",
        "move_id",
        "profile_id",
        "prospect_id",
        "run_id",
        "token_id",
        "view_id",
        "engagement_id",
    }
)
VALUES: Mapping[str, Any] = {
    "stage": "engaged",
    "to": "engaged",
    "until": "tomorrow",
    "how": "tomorrow",
    "when": "tomorrow",
    "kind": "note",
    "email": "new.user@us.example",
    "name": "Somebody New",
    "role": "rep",
    "timezone": "UTC",
    "url": "https://bsky.app/profile/new.example",
    "label": "a label",
    "password": "seven brown kettles sing",
    "template": "nudge",
    "query": "stage:engaged",
    "q": "stage:engaged",
    "text": "A note.",
    "note": "A note.",
    "body": "Hello.",
    "subject": "Hello",
    "why": "too old",
    "state": "done",
    "choice": "tomorrow",
    "token": "no token",
    "theme": "dark",
}
"""What a field of a form or a body gets, by its name; else by its type."""
ALSO = frozenset({"choice"})
"""Fields of bodies that are needed although each alone is optional: one of several must be there."""


@dataclass
class World:
    """The team: `mine` are the ids of what Rosa (a rep) owns, `theirs` of what Theo (another) does."""

    place: Office
    app: FastAPI
    users: dict[str, User] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    mine: dict[str, Any] = field(default_factory=dict)
    theirs: dict[str, Any] = field(default_factory=dict)

    def path(self, route: Route, ids: Mapping[str, Any]) -> str:
        """The route's path with these ids in it. An unknown parameter fails the test."""
        path = route.path
        for name in names(route):
            assert name in ids, (
                f"{route.path} has a parameter {{{name}}} that tests/web/world.py does not know: "
                "add it to `_owned` or `_shared`, and to OWNED if only its owner may see it"
            )
            path = path.replace("{" + name + "}", str(ids[name]))
        return path


CANARY = "Zebulon"
"""Stands in everything that is Theo's: Rosa must see it nowhere."""


def names(route: Route) -> list[str]:
    """The parameters in a route's path."""
    return list(route.pattern.groupindex)


def world(sqlite_template: Path, folder: Path) -> Iterator[World]:
    """The team, signed in, over a store of its own."""
    store = sqlite_store(sqlite_template, folder)
    place = office(store, folder)
    made = World(place, application(place.installation, dev=True))
    for role in ROLES:
        made.users[role] = user(store, role)
    made.users["other"] = user(store, "rep", "theo@us.example")
    made.tokens = {name: token(store, one.id) for name, one in made.users.items()}
    shared = _shared(made)
    made.mine = shared | _owned(made, "rosa", made.users["rep"].id)
    made.theirs = shared | _owned(made, CANARY.lower(), made.users["other"].id)
    yield made
    store.close()


def _owned(made: World, name: str, owner_id: int) -> dict[str, Any]:
    place = made.place
    person = place.person(name, owner_id=owner_id)
    place.follow(place.seen("post", person, text=f"{name.title()} wrote this"))
    api = token(place.store, owner_id, "api")

    def work(session: Session) -> dict[str, Any]:
        view = View(user_id=owner_id, name=f"{name.title()} view", query="stage:cold", created_at=place.now)
        by_hand = {"before": "cold", "after": "engaged", "effective_at": place.now, "decided_at": place.now}
        move = Move(key=f"hand:{name}", prospect_id=person, user_id=owner_id, **by_hand)
        run = Run(kind="edit", at=place.now, user_id=owner_id, detail={"what": name})
        consent = Consent(
            prospect_id=person, kind="express", at=place.now, evidence=name, created_at=place.now
        )
        session.add_all([view, move, run, consent])
        session.flush()
        card = session.exec(select(Card).where(Card.prospect_id == person)).one()
        assert card.owner_id == owner_id
        message = session.exec(select(Message).where(Message.prospect_id == person)).first()
        assert message is not None
        profile = session.exec(select(Profile).where(Profile.prospect_id == person)).one()
        engaged = session.exec(select(Engagement).where(Engagement.prospect_id == person)).first()
        assert engaged is not None
        return {
            "card_id": card.id,
            "prospect_id": person,
            "message_id": message.id,
            "profile_id": profile.id,
            "engagement_id": engaged.id,
            "move_id": move.id,
            "run_id": run.id,
            "consent_id": consent.id,
            "company_id": session.get_one(Prospect, person).company_id,
            "view_id": view.id,
            "token_id": sessions.hash_of(api)[:16],
        }

    return place.write(work)


def _shared(made: World) -> dict[str, Any]:
    with made.place.store.reading() as session:
        account = session.exec(select(Account)).first()
    assert account is not None
    return {
        "account_id": account.id,
        "account": account.name,
        "user_id": made.users["other"].id,
        "digest": assets.assets()["app.css"].digest,
        "name": "app.css",
        "token": "A" * 43,
        "rule": "answered",
        "stage": "engaged",
        **_campaign(made),
        **_import(made),
    }


def _import(made: World) -> dict[str, Any]:
    """A file that was read, and two rows that may be one person, merged before with a third."""
    place = made.place
    file = BytesIO(b"Name,E-mail\nEve Stone,eve@stone.example\n")
    run_id = staging.stage(place.store, file, "eve.csv", now=place.now)
    keep, other, third = (place.person(name) for name in ("keep", "other", "third"))
    means = place.runtime.consequences
    merge_id = place.write(lambda session: merges.merge(session, means, keep, third, None, place.now))
    return {"import_id": run_id, "merge_id": merge_id, "keep": keep, "other": other, "merge": other}


def _campaign(made: World) -> dict[str, Any]:
    """Somebody's campaign, with one person in it who has no draft yet."""
    place = made.place
    person = place.person("reader")

    def work(session: Session) -> dict[str, Any]:
        campaign = Campaign(name="Readers", created_at=place.now)
        session.add(campaign)
        session.flush()
        recipient = Recipient(campaign_id=campaign.id, prospect_id=person, at=place.now)
        session.add(recipient)
        session.flush()
        return {"campaign_id": campaign.id, "recipient_id": recipient.id}

    return place.write(work)


def every_route(app: FastAPI) -> list[Route]:
    return list(routes_of(app))


def api_route(app: FastAPI, path: str, method: str) -> APIRoute | None:
    """The handler behind a route, for what its form or its body asks for."""
    for context in iter_route_contexts(app.routes):
        if context.path_format == path and method in (context.methods or ()):
            found = context.original_route
            return found if isinstance(found, APIRoute) else None
    return None


def given(app: FastAPI, path: str, method: str, ids: Mapping[str, Any]) -> dict[str, Any]:
    """A value for each field that the route's form or body has."""
    route = api_route(app, path, method)
    if route is None:
        return {}
    fields: dict[str, Any] = {}
    for one in _asked(route.dependant):
        kind = one.field_info.annotation
        models = [kind] if hasattr(kind, "model_fields") else []
        if models and not _is_form(one):
            fields |= {
                n: _value(n, f.annotation, ids)
                for n, f in kind.model_fields.items()
                if f.is_required() or n in ALSO
            }
        else:
            fields[one.alias] = _value(one.alias, kind, ids)
    return fields


def _asked(dependant: Dependant) -> list[Any]:
    """The fields that a handler and what it depends on read from a form or a body."""
    below = [field for one in dependant.dependencies for field in _asked(one)]
    return [*dependant.body_params, *below]


def _is_form(one: Any) -> bool:
    return type(one.field_info).__name__ in ("Form", "File")


def _value(name: str, kind: Any, ids: Mapping[str, Any]) -> Any:
    """A value by the field's name, by the object that it names, or by its type."""
    many = get_origin(kind) in (list, tuple, set, frozenset)
    inner = get_args(kind)[0] if many and get_args(kind) else kind
    inner = next((one for one in get_args(inner) if one in (int, bool)), inner)
    if name == "next":
        return "/queue"
    known = {"ids": "prospect_id", "owner": "user_id", "to_user": "user_id"}.get(name, f"{name}_id")
    single = name if name in ids else known
    if single in ids:
        value: Any = ids[single]
    elif name in VALUES:
        value = VALUES[name]
    elif inner is int:
        value = 1
    elif inner is bool:
        value = False
    else:
        choices = get_args(inner) if get_origin(inner) is not None else ()
        value = next((one for one in choices if isinstance(one, str)), "x")
    return [value] if many else value


def counted(made: World) -> dict[str, int]:
    """How many rows each table has, to see that a refused request wrote nothing."""
    tables = (Card, Company, Engagement, Message, Move, Profile, Prospect, Run, User, View)
    with made.place.store.reading() as session:
        return {one.__name__: len(session.exec(select(one.id)).all()) for one in tables}


__all__ = ["CANARY", "OWNED", "ROLES", "World", "counted", "every_route", "given", "names", "world"]
