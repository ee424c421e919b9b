"""Drafts of one set: twins, groups and outliers."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from prospector.outreach.likeness import (
    MOST_GROUPS,
    Group,
    Text,
    Twins,
    groups,
    likeness,
    outliers,
    sketch,
    twins,
)

LETTER = (
    "Hi {0},\n\nyou are {1} at {2}, so I hope that I am asking the right person. How do you find out today "
    "when the people you would like as customers are ready to talk? Most teams we know read along on a few "
    "networks and keep notes in a sheet. Would ten minutes next week suit you?"
)
OTHER = (
    "Dear {0}, three weeks ago our colleague spoke in {1} about looms and their makers. We would be glad to "
    "show {2} what came of it, and to hear what you think about the price of thread in these months."
)


def text(id_: int, body: str, shape: str = "a", address: str = "") -> Text:
    return Text(id_, id_, address or f"p{id_}@x.example", "A question", body, shape)


def letters(count: int, pattern: str = LETTER, start: int = 1) -> list[Text]:
    draw = random.Random(count)
    words = [f"{draw.choice('BDFKLMNRST')}{draw.choice('aeiou')}{draw.randrange(10**6)}" for _ in range(90)]
    return [text(start + n, pattern.format(*draw.sample(words, 3))) for n in range(count)]


def test_an_address_twice_is_an_error_and_a_text_twice_a_warning() -> None:
    some = [
        text(1, "Hello\n\nthere", address="Ada@x.example"),
        text(2, "Other", address="ada@X.example "),
        text(3, "Hello there"),
        text(4, "Good day"),
    ]
    assert twins(some) == (
        Twins("same-address", "error", (1, 2), "ada@x.example"),
        Twins("same-text", "warning", (1, 3), "Hello there"),
    )


def test_two_texts_to_one_person_are_no_twins_and_no_address_is_none() -> None:
    mail = Text(1, 7, "a@x.example", "A", "Hello")
    assert twins([mail, Text(2, 7, "a@x.example", "B", "Hello")]) == ()
    assert twins([Text(1, 1, "", "A", ""), Text(2, 2, "", "A", "")]) == ()


def test_one_letter_to_many_is_one_group_and_a_rewritten_one_another() -> None:
    some = [*letters(40), *letters(3, OTHER, start=100), text(200, LETTER.format("Ada", "CEO", "Acme"), "b")]
    found = groups(some)
    assert [(group.shape, len(group.ids)) for group in found] == [("a", 40), ("a", 3), ("b", 1)]
    assert found[1].ids == (100, 101, 102)


def test_a_set_without_likeness_does_not_make_groups_without_end() -> None:
    draw = random.Random(7)
    some = [text(n, " ".join(str(draw.random()) for _ in range(40))) for n in range(3 * MOST_GROUPS)]
    assert len(groups(some)) == MOST_GROUPS


def test_the_odd_ones_come_first() -> None:
    some = letters(60)
    some[17] = text(18, "Hi Ada, quarterly zebras juggle parsnips underneath Reykjavik.")
    some[30] = text(31, LETTER.format("Ada", "Head " * 60, "Acme"))
    found = outliers(some, 3)
    assert found.longest[0] == 31
    assert found.shortest[0] == 18
    assert found.most_unusual[0] == 18
    assert outliers([], 3).longest == ()


texts = st.lists(st.text(alphabet="abc \n", max_size=30), max_size=12)


@settings(deadline=None, max_examples=80)
@given(texts)
def test_every_text_is_in_one_group_whatever_it_says(bodies: list[str]) -> None:
    some = [text(number, body, shape=body[:1]) for number, body in enumerate(bodies)]
    found: tuple[Group, ...] = groups(some)
    assert sorted(id_ for group in found for id_ in group.ids) == list(range(len(bodies)))
    assert {id_ for one in (outliers(some).longest, outliers(some).most_unusual) for id_ in one} <= {
        each.id for each in some
    }


@settings(deadline=None, max_examples=80)
@given(st.text(max_size=200), st.text(max_size=200))
def test_likeness_is_symmetric_and_whole_for_the_same_text(one: str, other: str) -> None:
    first, second = sketch(one), sketch(other)
    assert likeness(first, first) == 1.0
    assert likeness(first, second) == likeness(second, first)
    assert 0.0 <= likeness(first, second) <= 1.0
