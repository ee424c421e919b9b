"""Everything that one card shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.office import Office, office
from tests.reps import HOLD, answered, card, means_of, rep

from prospector.models import Account, Card, Engagement, Message
from prospector.queue import decisions, holds
from prospector.queue.item import OPT_OUT, Item, item_of
from prospector.queue.reader import Rep
from prospector.store import Store


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def item(place: Office, reader: Rep, card_id: int) -> Item:
    with place.store.reading() as session:
        return item_of(session, means_of(place), reader, card_id, place.now)


def test_a_card_shows_what_happened_the_draft_and_the_person(place: Office) -> None:
    mira, (card_id, message_id) = rep(place), answered(place, text="What does it cost?")
    person = place.one(Card, id=card_id).prospect_id
    ours = place.seen("reply", person, by="us", actor="us", object="at://ours", text="Which share?")
    place.follow(ours)
    answer = place.rows(Engagement, by="them")[0]
    place.change(Engagement, answer.id, post="at://ours")
    found = item(place, mira, card_id)
    (cause,) = found.causes
    assert (cause.words, cause.text, cause.parent_text, cause.parent_by_us) == (
        "Replied",
        "What does it cost?",
        "Which share?",
        True,
    )
    assert sum(reason.points for reason in found.row.reasons) == found.row.priority
    draft = found.draft
    assert draft is not None
    assert (draft.id, draft.label, draft.to, draft.approvable, draft.stale) == (
        message_id,
        "Reply",
        "@anna",
        True,
        (),
    )
    assert (draft.number, draft.of >= 1, draft.leaves is not None) == (1, True, True)
    assert [(one.ours, one.kind) for one in found.context.touches][:1] == [(True, "reply")]
    assert found.context.company == "Anna"
    assert found.stages == ("cold", "engaged", "won")
    assert (found.likeable, found.liked, found.hold, found.asks) == (True, False, None, found.asks)


def test_it_says_who_has_it_what_has_changed_and_what_was_liked(place: Office) -> None:
    mira, jonas, (card_id, _) = rep(place), rep(place, "Jonas"), answered(place)
    decisions_made = means_of(place)
    place.write(lambda s: decisions.like(s, decisions_made, mira, card_id, place.now))
    place.write(lambda s: holds.open_card(s, jonas, card_id, HOLD, place.now))
    place.later(minutes=2)
    place.follow(place.seen("reply", place.one(Card, id=card_id).prospect_id, text="And when?"))
    seen = item(place, mira, card_id)
    assert seen.hold is not None
    assert (seen.hold.name, seen.hold.mine, seen.liked is False or seen.likeable) == ("Jonas", False, True)
    assert [happening.text for happening in seen.causes] == ["What does it cost?", "And when?"]


def test_a_stale_draft_says_why_and_an_opt_out_has_words_of_its_own(place: Office) -> None:
    mira, (card_id, message_id) = rep(place), answered(place)
    place.change(Engagement, place.message(message_id).engagement_id, retracted_at=place.now, text="")
    found = item(place, mira, card_id)
    assert found.draft is not None
    assert found.draft.stale == ("what it answers was deleted",)
    assert found.causes[0].gone
    assert not found.likeable
    assert item(place, mira, card(place, "ben", "opt_out")).labels == OPT_OUT


def test_by_hand_nothing_leaves_by_itself(place: Office) -> None:
    mira, (card_id, message_id) = rep(place), answered(place)
    place.change(Message, message_id, by_hand=True)
    found = item(place, mira, card_id)
    assert found.draft is not None
    assert (found.draft.by_hand, found.draft.leaves, found.row.shelf) == (True, None, "hand")
    assert found.profile_url == "https://bsky.app/profile/anna"


def test_a_draft_says_as_whom_it_goes_where_that_is_known(place: Office) -> None:
    mira, (card_id, message_id) = rep(place), answered(place)

    def sender() -> str:
        draft = item(place, mira, card_id).draft
        assert draft is not None
        return draft.sender

    assert sender() == "bluesky", "only the name that the account has in config.toml"
    account = place.message(message_id).account_id
    place.change(Account, account, handle="kestrel.example")
    assert sender() == "@kestrel.example"


@pytest.mark.parametrize(
    ("settings", "name"),
    [({"address": "us@us.example"}, "us@us.example"), ({"handle": "@kestrel.example"}, "@kestrel.example")],
)
def test_what_config_toml_says_we_are_called_stands_on_what_we_write(
    place: Office, settings: dict[str, str], name: str
) -> None:
    desk = place.runtime.consequences.desk
    known = replace(desk.accounts["bluesky"], settings=SimpleNamespace(**settings))
    row = place.one(Account, id=desk.account_ids["bluesky"])
    assert replace(desk, accounts={**desk.accounts, "bluesky": known}).sender_of(row) == name
