from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session
from tests.campaigning import FIRST, SERIES, Campaigning, variants
from tests.office import Office, office

from prospector.campaigns import drafting, editing, listing, results
from prospector.campaigns.steps import Step
from prospector.models import Campaign, Prospect
from prospector.outreach import suppression
from prospector.store import Store


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def test_answers_count_for_the_last_mail_before_them_within_seven_days(place: Office) -> None:
    """outreach.md, E15: human answers on any channel, never opens."""
    people = [place.person(name) for name in ("anna", "ben", "carl", "dora")]
    trial = Step(0, variants(A=FIRST, B=FIRST.replace("A word", "A question")))
    campaign = Campaigning(place, (trial, *SERIES[1:])).started(*people)
    campaign.until(place.now + timedelta(hours=5))
    anna, ben, carl, dora = people
    place.follow(place.seen("email_open", dora, channel="email"))
    place.follow(place.seen("like", dora))
    place.follow(place.seen("dm", anna), place.seen("reply", anna))
    said = {"refers_to": [campaign.mails(carl)[0].message_id], "hard": True}
    place.follow(place.seen("bounce", carl, channel="email", attributes=said))
    place.later(days=8)
    place.follow(place.seen("reply", ben))
    with place.store.reading() as session:
        first, second, third = results.of_steps(session, campaign.id, place.now)
        row = listing.row(
            session, place.installation.settings, session.get_one(Campaign, campaign.id), place.now
        )
    assert [arm.name for arm in first.arms] == ["A", "B"]
    assert [sum(getattr(arm, name) for arm in first.arms) for name in ("sent", "replied", "bounced")] == [
        4,
        1,
        1,
    ]
    assert [arm.sent for step in (second, third) for arm in step.arms] == [0, 0]
    assert first.verdict is not None
    assert first.verdict.words.startswith("cannot tell yet")
    assert second.verdict is None
    assert (row.people, row.sent, row.replied, row.bounced, row.opted_out) == (4, 4, 2, 1, 0)
    by_name = {arm.name: arm for arm in first.arms}
    arms = {campaign.mails(id_)[0].prospect_id: campaign.mails(id_)[0].variant for id_ in people}
    assert by_name[arms[anna]].replied == 1
    assert arms == {id_: campaign.recipient(id_).variant for id_ in people}


def test_an_edit_moves_who_has_only_drafts_and_nobody_else(place: Office) -> None:
    """Who gets which version is shown; what is approved or sent stays what it was."""
    anna, ben = place.person(), place.person("ben")
    campaign = Campaigning(place)
    campaign.add(anna, ben)
    campaign.draft()
    campaign.approve(anna)
    before = [one.body for one in campaign.mails(anna)]
    shorter = (Step(0, variants(A=FIRST + " Briefly.")),)

    def edit(session: Session, one: Campaign) -> int:
        return editing.save_version(session, one, shorter, {}, "shorter", None, place.now).number

    assert campaign.write(edit) == campaign.write(edit) == 2
    campaign.draft()
    assert [one.body for one in campaign.mails(anna)] == before
    assert [one.body.endswith("Briefly.") for one in campaign.mails(ben)] == [True]
    with place.store.reading() as session:
        found = editing.versions(session, campaign.id)
    assert [(one.number, one.drafts, one.approved, one.sent) for one in found] == [(2, 1, 0, 0), (1, 0, 1, 0)]


def test_a_drafting_run_that_died_is_gone_on_with_and_drafts_nobody_twice(place: Office) -> None:
    """outreach.md, E23: the same mail twice is impossible."""
    people = [place.person(name) for name in ("anna", "ben", "carl")]
    campaign = Campaigning(place)
    campaign.add(*people)
    run_id = drafting.start(place.store, campaign.id, None, place.now)
    place.later(minutes=5)
    with place.store.reading() as session:
        assert drafting.abandoned(session, place.now) == [run_id]
    for _ in range(2):
        drafting.carry_out(place.store, campaign.means, run_id, lambda: place.now)
    campaign.draft()
    assert [(one.prospect_id, one.step) for one in campaign.mails()] == [
        (id_, step) for id_ in people for step in (1, 2, 3)
    ]
    with place.store.reading() as session:
        came = drafting.progress(session, run_id)
        assert drafting.abandoned(session, place.now + timedelta(days=1)) == []
    assert (came.done, came.of, came.state) == (3, 3, "done")


def test_who_may_not_come_in_is_told_why(place: Office) -> None:
    given = {
        "anna": {},
        "ben": {"email": None},
        "carl": {"email": "info@carl.example"},
        "dora": {},
        "emil": {},
    }
    people = {name: place.person(name, **more) for name, more in given.items()}
    place.change(Prospect, people["dora"], archived_at=place.now)
    place.change(Prospect, people["emil"], country="DE")
    place.write(
        lambda session: suppression.suppress(
            session, [f"person:{people['anna']}"], "they said no", "", place.now
        )
    )
    campaign = Campaigning(place)
    added = campaign.add(*people.values(), 999)
    assert added.added == 1
    whys = dict(added.refused)
    assert whys[people["anna"]] == "never written to: they said no"
    assert whys[people["ben"]] == "there is no e-mail address"
    assert whys[people["dora"]].startswith("archived")
    assert "consent before the first mail" in whys[people["emil"]]
    assert whys[999] == "there is no such person"
    assert [id_ for id_, _ in added.warned] == [people["carl"]]
    assert campaign.add(people["carl"]).already == 1
