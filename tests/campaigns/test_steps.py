from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.campaigns import steps
from prospector.campaigns.steps import Step, Variant, single

FIRST = "Subject: Hello\n\nHi {{ prospect.first_name }}"


def told(*series: Step, path: tuple[Path, ...] = ()) -> list[str]:
    return [str(problem) for problem in steps.check(series, path)]


def test_a_series_that_can_be_used_has_no_problem() -> None:
    german = {"en": FIRST, "de": "Subject: Hallo\n\nGuten Tag {{ prospect.first_name }}"}
    trial = (Variant("A", german), Variant("B", {"en": FIRST}))
    assert told(Step(0, trial), Step(3, (single("\nAny news?"),)), Step(60, (single("\nLast one."),))) == []


@pytest.mark.parametrize(
    ("series", "said"),
    [
        ((), "a series has 1 to 4 steps"),
        ((Step(0, (single(FIRST),)),) * 5, "not 5"),
        ((Step(2, (single(FIRST),)),), "the first mail waits for nothing"),
        ((Step(0, (single(FIRST),)), Step(0, (single("\nx"),))), "the wait is 1 to 60 working days"),
        ((Step(0, ()),), "1 to 3 variants"),
        ((Step(0, (single(FIRST), single(FIRST))),), "the same name"),
        ((Step(0, (Variant("", {"en": FIRST}),)),), "a variant's name"),
        ((Step(0, (Variant("A", {}),)),), "there is no text yet"),
        ((Step(0, (single(FIRST, "xx"),)),), "the language is one of"),
        ((Step(0, (single("\nno subject"),)),), "needs a line `Subject"),
        ((Step(0, (single("Subject: x\n\n"),)),), "no text below the headers"),
        ((Step(0, (single("Subject: x\nAction: dm\n\nHi"),)),), "a campaign sends mail"),
    ],
)
def test_what_is_wrong_is_said(series: tuple[Step, ...], said: str) -> None:
    assert said in "\n".join(told(*series))


def test_a_broken_text_is_said_with_its_place() -> None:
    broken = "Subject: x\n\nHi,\n{{ prospect.frist_name }}"
    (problem,) = steps.check([Step(0, (Variant("B", {"en": FIRST, "de": broken}),))])
    assert (problem.step, problem.variant, problem.language, problem.line) == (1, "B", "de", 4)
    assert "frist_name" in problem.message


def test_all_that_is_wrong_with_a_text_is_said_at_once() -> None:
    broken = "Subject: x\n\nHi {{ prospect.frist_name }},\n{{ x.__class__ }}\n{% include 'a' %}"
    found = steps.check([Step(0, (single(broken),))])
    assert [(one.line, one.column) for one in found] == [(3, 16), (4, 4), (5, 4)]


@given(
    st.lists(
        st.builds(
            Step,
            st.integers(0, 60),
            st.lists(
                st.builds(Variant, st.text(min_size=1), st.dictionaries(st.text(), st.text(), min_size=1)),
                min_size=1,
                max_size=3,
            ).map(tuple),
        ),
        max_size=4,
    )
)
def test_a_series_comes_back_from_its_stored_form(series: list[Step]) -> None:
    assert steps.steps_of(steps.as_json(series)) == tuple(series)


def test_the_arms_are_the_same_for_ever_and_evenly_spread() -> None:
    """outreach.md, E15: a restart changes nobody's variant."""
    assert [steps.arm_of(7, id_, ("A", "B")) for id_ in range(1, 9)] == list("ABAABABA")
    many = Counter(steps.arm_of(3, id_, ("A", "B", "C")) for id_ in range(6000))
    assert all(1880 < count < 2120 for count in many.values()), many
    boxes = Counter(steps.mailbox_of(3, id_, [9, 4]) for id_ in range(2000))
    assert set(boxes) == {4, 9}
    assert min(boxes.values()) > 900
    assert steps.mailbox_of(3, 1, []) is None


def test_arm_and_mailbox_do_not_go_together() -> None:
    pairs = Counter(
        (steps.arm_of(3, id_, ("A", "B")), steps.mailbox_of(3, id_, [1, 2])) for id_ in range(4000)
    )
    assert all(880 < count < 1120 for count in pairs.values()), pairs


@pytest.mark.parametrize(
    ("own", "country", "language"),
    [
        ("de-AT", "FR", "de"),
        ("", "Austria", "de"),
        (None, "CH", "de"),
        (None, "BE", "fr"),
        ("pl", "PL", "en"),
        (None, None, "en"),
        ("EN", "DE", "en"),
    ],
)
def test_people_are_written_to_in_their_language_where_there_is_a_text(
    own: str | None, country: str | None, language: str
) -> None:
    assert steps.language_for(own, country, ["en", "de", "fr"]) == language
