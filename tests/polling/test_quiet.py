"""Looks that found nothing: together as apart, and never over a twin that was faster."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select, update

from prospector.models import Account, Poll, Profile, Prospect
from prospector.polling.claim import Claimed, claim_profiles
from prospector.polling.planner import Pace
from prospector.polling.quiet import Quiet, QuietLooks, is_quiet, record_quiet
from prospector.polling.record import record_failure, record_page
from prospector.sdk import Page, Seen
from prospector.store import Store

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
PACE = Pace(timedelta(hours=1), timedelta(minutes=10), timedelta(days=1))
LEASE = timedelta(minutes=5)
NOTHING = Page()


@pytest.fixture
def claimed(store: Store) -> list[Claimed]:
    """Three profiles that are ours to look at."""

    def work(session: Session) -> list[Claimed]:
        session.add(Account(connector="feed", name="feed", free_at=NOW))
        session.flush()
        for number in range(3):
            prospect = Prospect(
                name=f"Person {number}",
                start_stage="cold",
                stage="cold",
                tracked_from=NOW,
                stage_at=NOW,
                created_at=NOW,
            )
            session.add(prospect)
            session.flush()
            session.add(
                Profile(
                    prospect_id=prospect.id,
                    account_id=1,
                    platform="feed",
                    url=f"https://{number}.example",
                    handle=str(number),
                    cursor=f"cursor {number}",
                    next_poll_at=NOW,
                    failures=2,
                    error="it was down",
                )
            )
        session.flush()
        return claim_profiles(session, list(session.exec(select(Profile.id))), NOW, LEASE)

    return sorted(store.write(work), key=lambda one: one.profile_id or 0)


def quiet(claimed: Sequence[Claimed], page: Page = NOTHING) -> list[Quiet]:
    later = NOW + timedelta(seconds=3)
    return [Quiet(one, page, NOW, later, timedelta(minutes=15), PACE) for one in claimed]


def rows(store: Store) -> tuple[list[Profile], list[Poll]]:
    with store.reading() as session:
        profiles = list(session.exec(select(Profile).order_by(col(Profile.id))))
        return profiles, list(session.exec(select(Poll).order_by(col(Poll.profile_id))))


def test_each_is_planned_covered_and_noted(store: Store, claimed: list[Claimed]) -> None:
    recorded = store.write(lambda session: record_quiet(session, quiet(claimed)))
    assert [(one.outcome, one.profile_id) for one in recorded] == [
        ("nothing", 1),
        ("nothing", 2),
        ("nothing", 3),
    ]
    profiles, polls = rows(store)
    for number, profile in enumerate(profiles):
        assert profile.cursor == f"cursor {number}"
        assert profile.covered_until == NOW - timedelta(minutes=15)
        assert (profile.failures, profile.error) == (0, None)
        assert profile.next_poll_at is not None
        assert profile.next_poll_at > NOW + timedelta(hours=1)
        assert profile.rhythm["interval"] == 7200
    assert [(poll.profile_id, poll.outcome, poll.took_ms, poll.found) for poll in polls] == [
        (1, "nothing", 3000, 0),
        (2, "nothing", 3000, 0),
        (3, "nothing", 3000, 0),
    ]


def test_a_cursor_that_moved_without_finds_is_kept(store: Store, claimed: list[Claimed]) -> None:
    store.write(lambda session: record_quiet(session, quiet(claimed, Page(cursor="further"))))
    assert [profile.cursor for profile in rows(store)[0]] == ["further"] * 3


def test_only_the_look_whose_twin_was_faster_is_dropped(store: Store, claimed: list[Claimed]) -> None:
    def twin(session: Session) -> None:
        session.exec(update(Profile).where(col(Profile.id) == 2).values(cursor="the twin's"))

    store.write(twin)
    recorded = store.write(lambda session: record_quiet(session, quiet(claimed)))
    assert [one.outcome for one in recorded] == ["nothing", "lost", "nothing"]
    profiles, polls = rows(store)
    assert [poll.profile_id for poll in polls] == [1, 3]
    assert profiles[1].cursor == "the twin's"
    assert profiles[1].error == "it was down"


def test_looks_that_end_together_are_written_by_one_call(store: Store, claimed: list[Claimed]) -> None:
    written: list[int] = []
    write = store.write_async

    async def counted(work):  # type: ignore[no-untyped-def]
        written.append(1)
        return await write(work)

    store.write_async = counted  # type: ignore[method-assign]

    async def together() -> list[str]:
        looks = QuietLooks(store)
        recorded = await asyncio.gather(*(looks.keep(look) for look in quiet(claimed)))
        again = await looks.keep(quiet(claimed[:1], Page(cursor="further"))[0])
        return [one.outcome for one in [*recorded, again]]

    assert asyncio.run(together()) == ["nothing"] * 4
    assert len(written) == 2


def test_who_waits_hears_of_a_failure(store: Store, claimed: list[Claimed]) -> None:
    async def fails(work):  # type: ignore[no-untyped-def]
        raise OSError("the disk is full")

    store.write_async = fails  # type: ignore[method-assign]

    async def together() -> list[object]:
        looks = QuietLooks(store)
        return list(
            await asyncio.gather(*(looks.keep(look) for look in quiet(claimed)), return_exceptions=True)
        )

    assert [str(error) for error in asyncio.run(together())] == ["the disk is full"] * 3


def test_what_can_have_consequences_is_not_quiet() -> None:
    profile = Claimed(1, profile_id=1)
    seen = (Seen("post", "a", "o", NOW),)
    assert is_quiet(profile, Page(), NOW)
    assert is_quiet(Claimed(1, profile_id=1, timer_at=NOW + timedelta(1)), Page(), NOW)
    assert not is_quiet(Claimed(1, profile_id=1, timer_at=NOW), Page(), NOW)
    assert not is_quiet(Claimed(1), Page(), NOW), "an inbox is one row that many wait for"
    for page in (Page(seen=seen), Page(more=True), Page(retracted=("o",))):
        assert not is_quiet(profile, page, NOW)


def test_who_objects_while_somebody_looks_is_looked_at_no_more(store: Store, claimed: list[Claimed]) -> None:
    """GDPR Art. 21(3): whichever way the look ends."""
    store.write(lambda session: session.exec(update(Profile).values(next_poll_at=None)))
    first, second, third = claimed
    looks = {"started_at": NOW, "now": NOW + timedelta(seconds=3), "pace": PACE}
    store.write(lambda session: record_quiet(session, quiet([first])))
    store.write(
        lambda session: record_failure(session, second, "broken", "it was down", seconds=None, **looks)
    )
    rest: Any = {"channel": "feed", "grace": timedelta(), "consequences": Nothing()}
    store.write(lambda session: record_page(session, third, NOTHING, **rest, **looks))
    profiles, polls = rows(store)
    assert [one.next_poll_at for one in profiles] == [None, None, None]
    assert len(polls) == 3


class Nothing:
    """Nothing follows."""

    def follow(self, *given: Any) -> list[str]:
        return []
