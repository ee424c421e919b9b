"""The planned past: never ahead of its end, in order, and the same for a seed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from prospector.sandbox.past import NUDGED, QUIET, biography
from prospector.sandbox.people import people
from prospector.sdk import KINDS

EVERYBODY = people(60, 7)
ENDS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


@given(st.sampled_from(EVERYBODY), ENDS, st.integers(0, 50), st.booleans(), st.booleans())
def test_it_lies_before_its_end_and_in_order(person, now, seed, nudged, recent):
    told = biography(person, now, seed, nudged=nudged, recent=recent)
    times = [fact.at for fact in told.facts]
    assert times == sorted(times)
    assert all(told.tracked_from <= at <= now for at in times)
    assert {fact.kind for fact in told.facts} <= KINDS
    assert told == biography(person, now, seed, nudged=nudged, recent=recent)


@given(st.sampled_from(EVERYBODY), ENDS, st.integers(0, 50))
def test_most_people_have_been_quiet_of_late(person, now, seed):
    posts = [fact.at for fact in biography(person, now, seed).facts if fact.kind == "post"]
    assert all(at <= now - QUIET for at in posts)


@given(st.sampled_from(EVERYBODY), ENDS, st.integers(0, 50))
def test_whom_we_wrote_some_days_ago_has_not_answered(person, now, seed):
    ours = [fact for fact in biography(person, now, seed, nudged=True).facts if fact.kind != "post"]
    (mail,) = ours
    assert (mail.kind, mail.by) == ("email", "us")
    assert NUDGED[0] <= now - mail.at <= NUDGED[1] + timedelta(seconds=1)


def test_there_is_every_kind_of_story():
    now = datetime(2026, 11, 22, tzinfo=UTC)
    found = {
        (fact.kind, fact.by, fact.text if fact.kind == "stage_set" else "")
        for person in people(400, 7)
        for fact in biography(person, now, 7).facts
    }
    for kind in ("post", "reply", "like", "follow", "email_reply", "bounce", "auto_reply", "unsubscribe"):
        assert (kind, "them", "") in found
    assert {("email", "us", ""), ("like", "us", "")} <= found
    assert {to for kind, _, to in found if kind == "stage_set"} == {"meeting", "won", "lost"}
