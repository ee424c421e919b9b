"""The people of the sandbox's campaign: the same for a seed, nobody of the town, and troubled as planned."""

from __future__ import annotations

from prospector.outreach.wording import ROLES
from prospector.prospects.people import normalised_address
from prospector.sandbox import readers
from prospector.sandbox.people import people

EVERYBODY = readers.readers(400, 7)


def test_there_are_forty_eight_the_same_for_a_seed_and_none_of_the_town():
    assert len(EVERYBODY) == readers.COUNT == 48
    assert readers.readers(400, 7) == EVERYBODY
    assert readers.readers(400, 8) != EVERYBODY
    assert not {one.person.number for one in EVERYBODY} & {one.number for one in people(400, 7)}


def test_everybody_has_an_address_of_their_own_that_nobody_can_own():
    addresses = [one.person.email for one in EVERYBODY]
    assert len(set(addresses)) == 48
    for address in addresses:
        assert address is not None
        assert normalised_address(address) == address
        assert address.rpartition(".")[2] in ("example", "test")


def test_what_is_planted_is_there_and_nothing_else():
    nameless = [at for at, one in enumerate(EVERYBODY) if "@" in one.person.name]
    roles = [at for at, one in enumerate(EVERYBODY) if (one.person.email or "").partition("@")[0] in ROLES]
    lacking = {at: 2 - len(one.facts) for at, one in enumerate(EVERYBODY) if len(one.facts) < 2}
    assert nameless == list(readers.NAMELESS)
    assert roles == sorted(readers.AT_A_DESK)
    assert lacking == {readers.WITHOUT_MONTH: 1, readers.WITHOUT_QUOTE: 1}
    troubled = [*nameless, *roles, *lacking, *readers.JUST_WRITTEN_TO, readers.OPTED_OUT]
    assert len(set(troubled)) == len(troubled) == 12


def test_nobody_is_where_the_law_asks_for_a_consent_first():
    assert not {one.person.country for one in EVERYBODY} & readers.ASKED_FIRST


def test_some_of_them_answer_one_is_away_one_wants_out_and_one_address_is_gone():
    answers = [readers.answer_of(place) for place in range(readers.COUNT)]
    assert {kind: answers.count(kind) for kind in set(answers)} == {
        "": 37,
        "reply": 8,
        "vacation": 1,
        "stop": 1,
        "bounce": 1,
    }
