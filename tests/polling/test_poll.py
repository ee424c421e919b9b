from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.office import Office, office, sqlite_store

from prospector import work
from prospector.models import Account, Engagement, Poll, Profile
from prospector.polling import poll
from prospector.polling.record import Recorded
from prospector.sdk import Broken, Gone, Identity, Later, Page, Seen, Unauthorised


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    yield office(store, tmp_path)
    store.close()


def post(number: int, place: Office, actor: str = "did:anna") -> Seen:
    return Seen("post", actor, f"at://{actor}/{number}", place.now - timedelta(minutes=1), text="Hello")


def look(place: Office, *profiles: int) -> list[Recorded]:
    ids = list(profiles) or [profile.id for profile in place.rows(Profile)]
    return place.run(lambda: poll.poll_profiles(place.runtime, ids))


def look_inbox(place: Office, name: str = "bluesky") -> list[Recorded]:
    account_id = place.installation.account_ids[name]
    return place.run(lambda: poll.poll_inbox(place.runtime, account_id))


def due_again(place: Office) -> None:
    place.now = max(row.next_poll_at for row in place.rows(Profile) if row.next_poll_at is not None)


# --- what was found -------------------------------------------------------------------------------


def test_a_find_is_recorded_once_with_its_cursor_and_its_row(place: Office) -> None:
    person = place.person()
    place.bluesky.pages["anna"] = [Page((post(1, place),), "c1")]
    (found,) = look(place)
    assert (found.outcome, found.found, found.label) == ("new", 1, "bluesky anna")
    profile = place.one(Profile)
    assert (profile.cursor, profile.polled_at, profile.covered_until) == ("c1", place.now, place.now)
    row = place.one(Poll)
    assert (row.outcome, row.found, row.profile_id) == ("new", 1, profile.id)
    assert row.covered_until == place.now
    assert [one.prospect_id for one in place.happened()] == [person]
    due_again(place)
    place.bluesky.pages["anna"] = [Page((post(1, place),), "c2")]
    (again,) = look(place)
    assert (again.outcome, again.found) == ("nothing", 0)
    assert place.bluesky.asked == ["poll anna None", "poll anna c1"]


def test_one_look_sums_its_pages_and_covers_nothing_before_the_last(place: Office) -> None:
    place.person()
    place.bluesky.pages["anna"] = [
        Page((post(1, place), post(2, place)), "c1", more=True),
        Page((post(2, place), post(3, place)), "c2", more=True),
        Page((), "c3"),
    ]
    (found,) = look(place)
    assert (found.outcome, found.found) == ("new", 3)
    row = place.one(Poll)
    assert (row.outcome, row.found) == ("new", 3)
    assert place.bluesky.asked == ["poll anna None", "poll anna c1", "poll anna c2"]


def test_a_look_has_a_budget_of_pages_and_goes_on_at_the_next(place: Office) -> None:
    place.person()
    old = place.now - timedelta(days=30)
    endless = [
        Page((Seen("post", "did:anna", f"at://{n}", old),), f"c{n}", more=True)
        for n in range(poll.MOST_PAGES)
    ]
    place.bluesky.pages["anna"] = [*endless, Page()]
    (found,) = look(place)
    assert found.found == poll.MOST_PAGES
    profile = place.one(Profile)
    assert profile.cursor == f"c{poll.MOST_PAGES - 1}"
    assert profile.covered_until == old


def test_a_walk_back_that_has_to_wait_covers_only_what_its_connector_says(place: Office) -> None:
    """What lies between its page and where the last look began has not been seen by anybody yet."""
    place.person()
    known, late = place.now - timedelta(days=3), place.now - timedelta(days=1)
    place.bluesky.pages["anna"] = [
        Page((Seen("post", "did:anna", f"at://{n}", late),), f"c{n}", more=True, covered_until=known)
        for n in range(poll.MOST_PAGES)
    ]
    look(place)
    assert place.one(Profile).covered_until == known


def test_a_looks_times_are_aware_and_absurd_ones_become_that_of_the_look(place: Office) -> None:
    place.person()
    future = place.now + timedelta(days=400)
    place.bluesky.pages["anna"] = [Page((Seen("post", "did:anna", "at://1", future),), "c")]
    look(place)
    (one,) = place.happened()
    assert (one.at, one.at_estimated) == (place.now, True)


def test_an_inbox_knows_prospects_and_keeps_strangers(place: Office) -> None:
    person = place.person()
    reply = Seen("reply", "did:anna", "at://r/1", place.now, text="Yes?")
    place.bluesky.inboxes = [
        Page((reply, Seen("follow", "did:stranger", "did:us", place.now, actor_name="Eve")), "i1")
    ]
    (found,) = look_inbox(place)
    assert (found.outcome, found.found) == ("new", 2)
    owners = {one.actor: one.prospect_id for one in place.happened()}
    assert owners == {"did:anna": person, "did:stranger": None}
    assert place.one(Account, name="bluesky").inbox_cursor == "i1"


def test_a_twin_look_that_was_slower_drops_everything(place: Office) -> None:
    place.person()
    profile = place.one(Profile)

    async def overtaken(context: Any, identity: Identity, cursor: str | None) -> Page:
        place.change(Profile, profile.id, cursor="faster")
        return Page((post(1, place),), "slower")

    place.bluesky.poll = overtaken  # type: ignore[method-assign]
    (found,) = look(place)
    assert found.outcome == "lost"
    assert place.happened() == place.rows(Poll) == []
    assert place.one(Profile).cursor == "faster"


# --- what went wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Later("slow down", 1234), "later"),
        (Gone("no such account"), "gone"),
        (Broken("a web page instead of JSON"), "broken"),
        (KeyError("posts"), "broken"),
    ],
)
def test_a_failure_keeps_the_cursor_and_says_what_went_wrong(
    place: Office, error: Exception, outcome: str
) -> None:
    place.person()
    profile = place.one(Profile)
    place.change(Profile, profile.id, cursor="c7")
    place.bluesky.pages["anna"] = [error]
    (found,) = look(place)
    assert found.outcome == outcome
    profile = place.one(Profile)
    assert (profile.cursor, profile.failures, profile.failing_since) == ("c7", 1, place.now)
    assert profile.next_poll_at > place.now
    assert place.one(Poll).outcome == outcome
    if outcome == "later":
        assert profile.next_poll_at == place.now + timedelta(seconds=1234)
    due_again(place)
    look(place)
    profile = place.one(Profile)
    assert (profile.failures, profile.failing_since, profile.error) == (0, None, None)


def test_an_account_is_gone_after_the_third_time(place: Office) -> None:
    place.person()
    for _ in range(3):
        assert place.one(Profile).gone_at is None
        place.bluesky.pages["anna"] = [Gone("no such account")]
        look(place)
        if place.one(Profile).next_poll_at is not None:
            due_again(place)
    assert place.one(Profile).gone_at is not None
    assert look(place) == []


def test_a_refused_account_is_asked_nothing_more(place: Office) -> None:
    for name in ("anna", "ben", "cleo", "dora", "emil", "fritz"):
        place.person(name)
        place.bluesky.pages[name] = [Unauthorised("401: renew this account's access")]
    outcomes = [one.outcome for one in look(place)]
    asked = len(place.bluesky.asked)
    assert outcomes.count("unauthorised") == asked <= 4  # those under way at the same time
    assert outcomes.count("skipped") == 6 - asked
    account = place.one(Account, name="bluesky")
    assert (account.paused_why, account.paused_until) == ("401: renew this account's access", None)
    place.later(days=30)

    def due(session: Any) -> work.Due:
        return work.due(session, place.now, lambda _: 100, place.runtime.limits)

    assert place.installation.account_ids["bluesky"] not in place.write(due).profiles
    place.change(Account, account.id, paused_until=place.now)
    assert len(place.write(due).profiles[account.id]) == 6


# --- who it is ------------------------------------------------------------------------------------


def unresolved(place: Office, name: str) -> int:
    place.person(name)
    profile = place.rows(Profile)[-1]
    place.change(Profile, profile.id, remote_id=None)
    return profile.id


def test_the_stable_id_is_asked_once_and_a_strangers_acts_become_theirs(place: Office) -> None:
    place.bluesky.inboxes = [Page((Seen("reply", "did:anna", "at://r/1", place.now),), "i1")]
    look_inbox(place)
    profile_id = unresolved(place, "anna")
    look(place, profile_id)
    due_again(place)
    look(place, profile_id)
    assert [one for one in place.bluesky.asked if one.startswith("resolve")] == ["resolve anna"]
    profile = place.one(Profile)
    assert (profile.remote_id, profile.name) == ("did:anna", "Anna")
    assert place.one(Engagement, kind="reply").prospect_id == profile.prospect_id


def test_the_stable_id_stays_although_the_first_look_failed(place: Office) -> None:
    profile_id = unresolved(place, "anna")
    place.bluesky.pages["anna"] = [Later("too many requests", 60)]
    (found,) = look(place, profile_id)
    assert (found.outcome, place.one(Profile).remote_id) == ("later", "did:anna")
    due_again(place)
    look(place, profile_id)
    assert [one for one in place.bluesky.asked if one.startswith("resolve")] == ["resolve anna"]


def test_two_profiles_of_one_account_are_said_and_looked_at_once(place: Office) -> None:
    place.person("anna")
    second = unresolved(place, "anna-at-work")
    place.bluesky.people["anna-at-work"] = place.bluesky.identity("anna-at-work", "did:anna")
    (found,) = look(place, second)
    assert found.outcome == "twin"
    assert "the same account as profile 1" in (found.error or "")
    twin = place.one(Profile, id=second)
    assert (twin.gone_at, twin.next_poll_at, twin.remote_id) == (place.now, None, None)
    place.later(days=30)
    assert look(place, second) == []


def test_an_account_that_moved_gets_its_new_address_and_is_asked_who_it_is(place: Office) -> None:
    place.person("anna")
    place.bluesky.pages["anna"] = [
        Page((post(1, place),), "c1", moved="https://bsky.app/profile/anna.example")
    ]
    place.bluesky.people["anna.example"] = place.bluesky.identity("anna.example", "did:anna2")
    (found,) = look(place)
    assert found.lines[-1] == "moved bluesky anna: to https://bsky.app/profile/anna.example"
    profile = place.one(Profile)
    assert (profile.url, profile.handle) == ("https://bsky.app/profile/anna.example", "anna.example")
    look(place)
    profile = place.one(Profile)
    assert (profile.remote_id, profile.cursor) == ("did:anna2", "c1")


@pytest.mark.parametrize(
    "moved", ["https://evil.example/", "javascript:alert(1)", "https://bsky.app/profile/ben"]
)
def test_a_move_to_another_platform_or_to_anothers_address_is_not_followed(place: Office, moved: str) -> None:
    place.person("anna")
    place.person("ben")
    place.bluesky.pages["anna"] = [Page((post(1, place),), "c1", moved=moved)]
    look(place, 1)
    profile = place.one(Profile, id=1)
    assert (profile.url, profile.remote_id) == ("https://bsky.app/profile/anna", "did:anna")


def test_a_mistake_of_our_own_is_not_put_down_to_the_platform(place: Office) -> None:
    place.person()
    place.bluesky.pages["anna"] = [Page((post(1, place),), "c1")]
    place.runtime.consequences.follow = None  # type: ignore[method-assign,assignment]
    with pytest.raises(TypeError):
        look(place)
    profile = place.one(Profile)
    assert (profile.cursor, profile.failures) == (None, 0)
