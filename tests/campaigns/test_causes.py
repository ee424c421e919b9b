"""Causes: every problem is counted once for each person, whatever the problems are."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from prospector.campaigns import causes, standing
from prospector.campaigns.causes import Trouble
from prospector.campaigns.standing import Part, Person
from prospector.outreach.facts import Missing

LEVELS = st.sampled_from(["blocked", "error", "warning"])
TROUBLES = st.builds(
    Trouble, st.sampled_from("abc"), LEVELS, st.just("words"), st.sampled_from(["", "prospect.first_name"])
)
PATHS = st.sampled_from(["prospect.first_name", "prospect.fields.city", "company.name", "engagement.text"])


def problem(code="missing", found="", level="error", message="wrong", **more):
    return {"code": code, "found": found, "level": level, "message": message, **more}


@given(PATHS)
def test_the_mark_in_a_text_leads_back_to_its_fact(path):
    (trouble,) = causes.of_draft([problem(found=str(Missing(path)))])
    assert trouble.key == f"missing:{path}"
    assert trouble.path == (path if causes.is_fillable(path) else "")


def test_only_facts_about_the_person_can_be_filled():
    fillable = ["prospect.first_name", "prospect.fields.city", "prospect.title"]
    assert all(map(causes.is_fillable, fillable))
    not_fillable = [
        "prospect.email",
        "prospect.fields.",
        "prospect.stage",
        "company.name",
        "sender.name",
        "x",
        "",
    ]
    assert not any(map(causes.is_fillable, not_fillable))


def test_a_name_that_is_none_is_one_cause_for_everybody_whatever_it_is():
    found = [causes.of_draft([problem("not-a-name", message=f"`{name}` is not")]) for name in ("a@b", "c@d")]
    (cause,) = causes.causes(found, {})
    assert (cause.people, cause.title, cause.path) == (2, "first_name is not a name", "prospect.first_name")
    assert "fallback" not in cause.fixes


@settings(max_examples=60)
@given(st.lists(st.lists(TROUBLES, max_size=4), max_size=20))
def test_each_cause_counts_each_person_once(people):
    for cause in causes.causes(people, {}):
        assert cause.people == sum(any(one.key == cause.key for one in theirs) for theirs in people)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from(["draft", "approved", "sent", "unknown"]), max_size=3),
            st.lists(TROUBLES, max_size=3),
        ),
        max_size=30,
    )
)
def test_the_counts_sum_to_all_and_who_has_an_error_is_never_ready(given_people):
    people = [
        Person(
            number,
            number,
            "x",
            None,
            None,
            tuple(Part(step, step, state) for step, state in enumerate(states, start=1)),
            tuple(troubles),
        )
        for number, (states, troubles) in enumerate(given_people, start=1)
    ]
    found = standing.counts(people)
    assert found["all"] == sum(found[status] for status in standing.STATUSES) == len(people)
    for one in people:
        assert not (one.status == "ready" and one.troubles)


@settings(max_examples=60)
@given(st.integers(0, 30), st.integers(1, 7))
def test_the_pages_together_are_the_whole_list_once(number, size):
    people = [Person(3 * n, n, "x", None, None, ()) for n in range(1, number + 1)]
    seen, place = [], 0
    while True:
        page, place = standing.after(people, place, size)
        seen += page
        if not place:
            break
    assert seen == people
