"""The points of a card, as docs/queue.md promises them."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prospector.queue.rank import SORTS, Cause, Section, Standing, freshness, is_cause, is_question, rank

DOCS = Path(__file__).parents[2] / "docs" / "queue.md"
NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)


def ago(**spans: float) -> datetime:
    return NOW - timedelta(**spans)


def points(causes: list[Cause], standing: Standing | None = None) -> dict[str, int]:
    return {reason.code: reason.points for reason in rank(causes, standing or Standing(), NOW).reasons}


def test_the_worked_example_comes_to_101() -> None:
    standing = Standing(fit=85, score=12, value_main_minor=1_800_000)
    ranked = rank([Cause("reply", ago(minutes=38), 7, question=True)], standing, NOW)
    assert ranked.priority == 101
    assert [(reason.code, reason.points) for reason in ranked.reasons] == [
        ("cause", 40),
        ("question", 10),
        ("fresh", 20),
        ("fit", 17),
        ("warm", 12),
        ("deal", 2),
    ]
    assert ranked.section is Section.ANSWER


@pytest.mark.parametrize(
    ("kind", "worth"),
    [
        ("failed", 44),
        ("uncertain", 44),
        ("email_reply", 40),
        ("dm", 40),
        ("reply", 40),
        ("meeting_booked", 36),
        ("document_signed", 36),
        ("mention", 34),
        ("comment", 30),
        ("document_viewed", 26),
        ("suggested_move", 24),
        ("rule", 20),
        ("follow", 18),
        ("follow_up", 16),
        ("post", 14),
        ("playbook", 12),
        ("like", 10),
    ],
)
def test_each_cause_has_the_points_of_the_table(kind: str, worth: int) -> None:
    assert points([Cause(kind, ago(hours=40))]) == {"cause": worth}


def test_only_the_strongest_cause_counts_and_it_comes_first() -> None:
    ranked = rank(
        [Cause("like", ago(hours=30)), Cause("dm", ago(hours=40)), Cause("post", ago(hours=50))],
        Standing(),
        NOW,
    )
    assert [cause.kind for cause in ranked.live_causes] == ["dm", "post", "like"]
    assert ranked.priority == 40


@pytest.mark.parametrize(
    ("age", "worth"),
    [
        (timedelta(0), 20),
        (timedelta(minutes=30), 20),
        (timedelta(minutes=89, seconds=59), 20),
        (timedelta(minutes=90), 19),
        (timedelta(hours=20, minutes=29), 1),
        (timedelta(hours=20, minutes=30), 0),
        (timedelta(days=9), 0),
        (timedelta(minutes=-5), 20),
    ],
)
def test_freshness_decays_by_a_point_an_hour(age: timedelta, worth: int) -> None:
    assert freshness(NOW - age, NOW) == worth


@settings(deadline=None)
@given(st.integers(-3600, 10**7), st.integers(0, 10**6))
def test_freshness_never_rises_with_age(seconds: int, more: int) -> None:
    younger, older = (freshness(NOW - timedelta(seconds=age), NOW) for age in (seconds, seconds + more))
    assert 0 <= older <= younger <= 20


def test_a_question_counts_until_it_is_answered_and_only_when_it_was_put_to_us() -> None:
    asked = Cause("reply", ago(hours=30), question=True)
    assert points([asked])["question"] == 10
    assert points([asked], Standing(answered_at=ago(hours=31)))["question"] == 10
    assert "question" not in points([asked], Standing(answered_at=ago(hours=29)))
    assert "question" not in points([Cause("post", ago(hours=30), question=True)])


@pytest.mark.parametrize(
    ("standing", "code", "worth"),
    [
        (Standing(fit=100), "fit", 20),
        (Standing(fit=84), "fit", 16),
        (Standing(fit=250), "fit", 20),
        (Standing(score=12), "warm", 12),
        (Standing(score=900), "warm", 20),
        (Standing(value_main_minor=999_999), "deal", None),
        (Standing(value_main_minor=1_000_000), "deal", 2),
        (Standing(value_main_minor=99_000_000), "deal", 10),
        (Standing(value_main_minor=20_000, minor_units=1), "deal", 4),
        (Standing(urgency=7), "stage", 7),
        (Standing(urgency=99), "stage", 10),
        (Standing(fit=None, score=-5, value_main_minor=-1, urgency=-2), "warm", None),
        (Standing(fit=4), "fit", None),
    ],
)
def test_the_persons_standing_adds_whole_points(standing: Standing, code: str, worth: int | None) -> None:
    assert points([Cause("like", ago(hours=40))], standing).get(code) == worth


causes = st.lists(
    st.builds(
        Cause,
        kind=st.sampled_from(sorted(SORTS)),
        at=st.integers(-3600, 40 * 86_400).map(lambda seconds: NOW - timedelta(seconds=seconds)),
        engagement_id=st.none() | st.integers(1, 99),
        question=st.booleans(),
    ),
    max_size=6,
)
standings = st.builds(
    Standing,
    fit=st.none() | st.integers(-10, 200),
    score=st.integers(-50, 5000),
    value_main_minor=st.none() | st.integers(-10, 10**12),
    urgency=st.integers(-3, 30),
    answered_at=st.none() | st.just(NOW - timedelta(days=1)),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"]),
)


@settings(deadline=None)
@given(causes, standings)
def test_the_reasons_sum_to_the_priority(given_causes: list[Cause], standing: Standing) -> None:
    ranked = rank(given_causes, standing, NOW)
    assert sum(reason.points for reason in ranked.reasons) == ranked.priority
    assert all(reason.points > 0 and reason.label for reason in ranked.reasons)
    assert ranked.expired == (ranked.section is None)
    strongest = max(sort.points for sort in SORTS.values())
    assert ranked.priority <= strongest + 10 + 20 + 20 + 20 + 10 + 10


@settings(deadline=None)
@given(causes, standings)
def test_the_order_of_the_causes_does_not_matter(given_causes: list[Cause], standing: Standing) -> None:
    forth, back = rank(given_causes, standing, NOW), rank(given_causes[::-1], standing, NOW)
    assert (forth.priority, forth.section, forth.expires_at) == (back.priority, back.section, back.expires_at)


@settings(deadline=None)
@given(causes, causes, standings)
def test_another_cause_never_lowers_the_priority(
    some: list[Cause], more: list[Cause], standing: Standing
) -> None:
    assert rank(some + more, standing, NOW).priority >= rank(some, standing, NOW).priority


@pytest.mark.parametrize(
    ("kind", "lives"),
    [
        ("reply", timedelta(days=14)),
        ("post", timedelta(hours=72)),
        ("like", timedelta(days=5)),
        ("follow", timedelta(days=5)),
    ],
)
def test_causes_expire_each_in_its_time(kind: str, lives: timedelta) -> None:
    second = timedelta(seconds=1)
    assert not rank([Cause(kind, NOW - lives + second)], Standing(), NOW).expired
    gone = rank([Cause(kind, NOW - lives)], Standing(), NOW)
    assert gone.expired
    assert gone.expires_at == NOW


def test_planned_causes_live_ten_working_days_of_the_rep() -> None:
    # Wednesday 18 March; two weekends and the start of summer time lie between.
    begun = datetime(2026, 3, 18, 7, 0, tzinfo=UTC)
    ranked = rank([Cause("follow_up", begun)], Standing(zone="Europe/Berlin"), begun)
    assert ranked.expires_at == datetime(2026, 4, 1, 6, 0, tzinfo=UTC)


def test_a_card_lives_as_long_as_its_longest_cause_and_loses_the_others() -> None:
    ranked = rank([Cause("post", ago(hours=80)), Cause("like", ago(hours=80))], Standing(), NOW)
    assert [cause.kind for cause in ranked.live_causes] == ["like"]
    assert ranked.expires_at == ago(hours=80) + timedelta(days=5)


def test_a_message_to_check_waits_for_a_person() -> None:
    ranked = rank([Cause("uncertain", ago(days=400)), Cause("post", ago(hours=1))], Standing(), NOW)
    assert ranked.expires_at is None
    assert ranked.section is Section.CHECK


@pytest.mark.parametrize(
    ("kinds", "section"),
    [
        (["post", "comment", "mention"], Section.ANSWER),
        (["follow_up", "like"], Section.FRESH),
        (["suggested_move", "playbook"], Section.FOLLOW_UP),
        (["rule", "playbook"], Section.FRESH),
        (["reply", "failed"], Section.CHECK),
    ],
)
def test_the_section_is_the_most_urgent_of_its_causes(kinds: list[str], section: Section) -> None:
    assert rank([Cause(kind, ago(hours=2)) for kind in kinds], Standing(), NOW).section is section


def test_what_makes_no_card_is_no_cause() -> None:
    assert is_cause("reply")
    assert not is_cause("email_open")


@pytest.mark.parametrize(
    "text",
    [
        "Do you ship to Chile?",
        "really?!",
        'He asked "why?" and left',
        "¿Cuánto cuesta",
        "費用はいくらですか？",
        "كم السعر؟",
        "Πόσο κοστίζει\u037e",
        "See https://a.example/x?y=1 - ok?",
        "> old\nAnd now?",
    ],
)
def test_questions_are_seen_in_many_scripts(text: str) -> None:
    assert is_question(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Thanks, we are fine.",
        "https://a.example/search?q=price",
        "www.a.example/?",
        "a.example/search?q=x is the page",
        "> When?\n>> Really?\nOn Monday.",
        "Semicolons; are no questions",
    ],
)
def test_addresses_and_quoted_lines_ask_nothing(text: str) -> None:
    assert not is_question(text)


@settings(deadline=None)
@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    assert isinstance(is_question(text), bool)
    assert is_question(text + "\nReally?")


def test_every_cause_is_documented_with_its_points() -> None:
    rows = [row.split("|") for row in DOCS.read_text(encoding="utf-8").splitlines() if row.startswith("| `")]
    documented = {kind: int(row[2]) for row in rows for kind in re.findall(r"`([a-z_]+)`", row[1])}
    taken_back = {"meeting_cancelled": 36, "document_declined": 36}
    assert {**documented, **taken_back} == {kind: sort.points for kind, sort in SORTS.items()}
