"""Each numbered statement about the fold, by its number, as docs/rules.md has them."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

import pytest

from prospector.rules.event import Event
from prospector.rules.fold import fold
from prospector.rules.format import parse
from prospector.rules.history import History, Version, firing_key
from prospector.rules.score import decay, score

T0, HOUR, DAY = 1_736_500_000, 3600, 86400
HEAD = """
[engine]
hold_after_manual = "7d"
min_dwell = "0s"
[[stage]]
name = "cold"
[[stage]]
name = "contacted"
[[stage]]
name = "engaged"
[[stage]]
name = "lost"
terminal = true
"""
REPLIED = '[[rule]]\nname = "replied"\nfrom = ["cold"]\nto = "engaged"\nwhen = [{ kind = ["reply"] }]\n'
QUIET = (
    '[[rule]]\nname = "gone quiet"\nfrom = ["engaged"]\nto = "contacted"\nbackward = true\n'
    'when = [{ no = ["reply"], for = "14d" }]\n'
)
LIKED = '[[rule]]\nname = "liked"\nfrom = ["cold"]\nto = "contacted"\nwhen = [{ kind = ["like"] }]\n'
NUDGE = (
    '[[rule]]\nname = "nudge"\nwhen = [{ no = ["reply"], for = "5d", since = "ours" }]\n'
    'then = { tag = ["x"] }\n'
)


def event(identity: str, at: int, kind: str = "reply", by: str = "them", **more: Any) -> Event:
    return Event(identity, kind, by, more.pop("channel", "bluesky"), T0 + at, **more)


def by_hand(identity: str, at: int, to: str) -> Event:
    return Event(identity, "stage_set", "us", "ui", T0 + at, attributes={"to": to})


def field_set(identity: str, at: int, name: str, value: Any) -> Event:
    return Event(identity, "field_set", "us", "ui", T0 + at, attributes={"field": name, "value": value})


def run(
    rules: str | list[Version],
    *events: Event,
    until: int = 60 * DAY,
    start: int = 0,
    stage: str | None = None,
) -> History:
    versions = [Version(1, None, parse(HEAD + rules))] if isinstance(rules, str) else rules
    return fold(versions, events, T0 + until, tracked_from=T0 + start, start_stage=stage)


def moves(history: History) -> list[tuple[int, str | None, str, str]]:
    return [(move.effective_at - T0, move.rule, move.before, move.after) for move in history.moves]


def firings(history: History) -> list[tuple[int, str]]:
    return [(firing.effective_at - T0, firing.rule) for firing in history.firings]


def version(number: int, active_from: int | None, rules: str, voided: bool = False) -> Version:
    start = None if active_from is None else T0 + active_from
    return Version(number, start, parse(HEAD + rules), voided)


def test_s1_the_same_event_twice_is_one_event() -> None:
    two = LIKED.replace('["like"]', '["like"], at_least = 2')
    assert moves(run(two, event("a", 5, "like"), event("a", 5, "like"))) == []
    assert len(moves(run(two, event("a", 5, "like"), event("b", 5, "like")))) == 1


def test_s2_the_same_input_gives_the_same_history() -> None:
    events = [event("a", 0), event("b", DAY, "like"), by_hand("c", 2 * DAY, "cold")]
    assert run(REPLIED + QUIET, *events) == run(REPLIED + QUIET, *reversed(events))


def test_s3_at_one_second_activation_comes_first_then_ids_then_timers() -> None:
    first = event("b", 5, "like")
    by_id = run(REPLIED + LIKED, event("a", 5), first)
    assert moves(by_id) == [(5, "replied", "cold", "engaged")]
    assert moves(run(REPLIED + LIKED, event("c", 5), first)) == [(5, "liked", "cold", "contacted")]
    assert moves(run([version(1, 5, LIKED)], first)) == [(5, "liked", "cold", "contacted")]
    silence = QUIET.replace("14d", "5s")
    assert moves(run(REPLIED + silence, event("a", 0), event("b", 5), until=9)) == [
        (0, "replied", "cold", "engaged")
    ]


def test_s3_ids_are_ordered_by_their_bytes() -> None:
    upper, lower = event("Z", 5, "like"), event("a", 5)
    assert moves(run(REPLIED + LIKED, lower, upper)) == [(5, "liked", "cold", "contacted")]


def test_s4_earlier_events_are_context_and_an_event_at_the_start_is_a_moment() -> None:
    two = LIKED.replace('["like"]', '["like"], at_least = 2')
    assert moves(run(two, event("a", -5, "like"), event("b", -4, "like"))) == []
    history = run(two, event("a", -5, "like"), event("b", 0, "like"))
    assert moves(history) == [(0, "liked", "cold", "contacted")]
    ours = QUIET.replace('"14d"', '"5d", since = "ours"')
    email = event("a", -6 * DAY, "email", "us")
    assert moves(run(ours, email, stage="engaged")) == [], "due a day before the start: never"
    assert moves(run(ours, event("a", -5 * DAY, "email", "us"), stage="engaged")) == [
        (0, "gone quiet", "engaged", "contacted")
    ]


def test_s4_the_start_stage_is_no_move_and_holds_nothing_back() -> None:
    history = run(QUIET.replace("14d", "1s"), stage="engaged")
    assert moves(history) == [(1, "gone quiet", "engaged", "contacted")]
    assert run("", stage="lost").stage == "lost"


def test_s5_only_what_a_rule_counts_touches_it_and_one_rule_fires() -> None:
    rule = REPLIED.replace('{ kind = ["reply"] }', '{ kind = ["reply"] }, { field = "country", is = "DE" }')
    assert firings(run(rule, event("a", 1), event("b", 2, "like"))) == []
    history = run(rule, event("a", 1), field_set("b", 2, "country", "DE"))
    assert firings(history) == [(2, "replied")]
    assert history.firings[0].moment == ("event", "b")
    unless = REPLIED + 'unless = [{ kind = ["like"], at_most = 0 }]\n'
    assert firings(run(unless, event("a", 1), event("b", 2, "like"))) == [], "`unless` never touches"
    cascade = REPLIED + REPLIED.replace('"replied"', '"on"').replace('["cold"]', '["engaged"]').replace(
        'to = "engaged"', 'to = "lost"'
    )
    assert moves(run(cascade, event("a", 1))) == [(1, "replied", "cold", "engaged")]


def test_s6_and_r7_timers_wait_for_the_horizon_and_events_do_not() -> None:
    history = run(REPLIED + QUIET, event("a", 0), until=14 * DAY - 1)
    assert moves(history) == [(0, "replied", "cold", "engaged")]
    assert history.next_timer == T0 + 14 * DAY
    after = run(REPLIED + QUIET, event("a", 0), until=14 * DAY)
    assert moves(after)[1:] == [(14 * DAY, "gone quiet", "engaged", "contacted")]
    assert after.next_timer is None
    assert moves(run(REPLIED, event("a", DAY), until=0)) == [(DAY, "replied", "cold", "engaged")]


def test_s6_an_event_beyond_the_horizon_hides_no_timer_that_still_waits() -> None:
    history = run(REPLIED + QUIET, event("a", 0), event("b", 20 * DAY), until=DAY)
    assert history.next_timer == T0 + 14 * DAY


def test_s7_and_r8_a_late_event_gives_the_history_that_would_have_been() -> None:
    silent = run(REPLIED + QUIET, event("a", 0), until=20 * DAY)
    assert moves(silent)[-1] == (14 * DAY, "gone quiet", "engaged", "contacted")
    late = run(REPLIED + QUIET, event("a", 0), event("b", 13 * DAY, seen_at=T0 + 21 * DAY), until=20 * DAY)
    assert moves(late) == [(0, "replied", "cold", "engaged")]
    assert late.moves[0] == silent.moves[0], "what stays is the very same row"


@pytest.mark.parametrize(
    ("late", "expected"), [(-1, []), (0, [(8 * DAY, "replied")]), (1, [(8 * DAY + 1, "replied")])]
)
def test_r9_g4_a_move_by_hand_holds_to_the_second(late: int, expected: list[Any]) -> None:
    assert firings(run(REPLIED, by_hand("a", DAY, "cold"), event("b", 8 * DAY + late))) == expected


@pytest.mark.parametrize(("late", "expected"), [(-1, 1), (0, 2), (1, 2)])
def test_r9_g5_a_stage_is_kept_for_the_dwell_to_the_second(late: int, expected: int) -> None:
    rules = (
        HEAD.replace('min_dwell = "0s"', 'min_dwell = "1h"')
        + LIKED
        + ('[[rule]]\nname = "on"\nfrom = ["contacted"]\nto = "engaged"\nwhen = [{ kind = ["reply"] }]\n')
    )
    versions = [Version(1, None, parse(rules))]
    events = [event("a", 0, "like"), event("b", HOUR + late)]
    assert len(moves(run(versions, *events))) == expected, "and the first change of stage waits for nothing"


@pytest.mark.parametrize(("late", "expected"), [(-1, 1), (0, 2), (1, 2)])
def test_r9_g6_a_rule_cools_down_to_the_second(late: int, expected: int) -> None:
    rule = '[[rule]]\nname = "note"\ncooldown = "5d"\nwhen = [{ kind = ["like"] }]\nthen = { tag = ["x"] }\n'
    assert len(firings(run(rule, event("a", 0, "like"), event("b", 5 * DAY + late, "like")))) == expected


def test_r9_g3_back_only_with_backward() -> None:
    back = REPLIED.replace('["cold"]', '["lost"]')
    assert moves(run(back, event("a", 1), stage="lost")) == []
    assert len(moves(run(back + "backward = true\n", event("a", 1), stage="lost"))) == 1


def test_s8_g0_the_disqualified_are_not_moved_forward_but_back_and_recorded() -> None:
    fit = '[fit]\n[[fit.rule]]\nfield = "email_domain"\nmatches_list = "free_mail"\nverdict = "disqualify"\n'
    mail = field_set("a", 0, "email", "x@gmail.com")
    assert moves(run(fit + REPLIED, mail, event("b", 1))) == []
    assert (
        len(moves(run(fit + REPLIED, mail, field_set("c", 1, "email", "x@firm.example"), event("d", 2)))) == 1
    )
    assert len(moves(run(fit + QUIET, mail, stage="engaged"))) == 1
    act = '[[rule]]\nname = "note"\nwhen = [{ kind = ["reply"] }]\nthen = { tag = ["x"] }\n'
    assert firings(run(fit + act, mail, event("b", 1))) == [(1, "note")]


def test_s8_guards_of_time_postpone_a_timer_and_all_else_uses_it_up() -> None:
    silence = QUIET.replace("14d", "1d")
    held = run(silence, by_hand("a", 0, "engaged"))
    assert moves(held)[1:] == [(7 * DAY, "gone quiet", "engaged", "contacted")]
    in_vain = silence.replace("from = ", 'unless = [{ kind = ["like"], within = "2d" }]\nfrom = ')
    liked = event("a", 0, "like")
    assert moves(run(in_vain, liked, stage="engaged")) == [], "used up at day 1, not tried again"


def test_s8_a_rule_without_to_takes_the_moment_and_is_no_move() -> None:
    act = '[[rule]]\nname = "note"\nwhen = [{ kind = ["reply"] }]\nthen = { tag = ["x"] }\n'
    history = run(act + REPLIED, event("a", 1))
    assert firings(history) == [(1, "note")]
    assert history.moves == ()
    assert history.firings[0].after is None


def test_s8_a_suggested_move_is_made_by_nobody() -> None:
    history = run(REPLIED + "suggest = true\n", event("a", 1))
    assert (history.stage, history.moves) == ("cold", ())
    assert (history.firings[0].after, history.firings[0].suggested) == (None, "engaged")


def test_r10_the_first_rule_wins() -> None:
    other = REPLIED.replace('"replied"', '"other"').replace('to = "engaged"', 'to = "contacted"')
    assert moves(run(REPLIED + other, event("a", 1)))[0][1] == "replied"
    assert moves(run(other + REPLIED, event("a", 1)))[0][1] == "other"


@pytest.mark.parametrize("half_life", [5400, 6 * HOUR, 14 * DAY, 100_000])
def test_s9_decay_is_the_rounded_power_of_two(half_life: int) -> None:
    table = decay(half_life)
    assert len(table) == -(-24 * half_life // HOUR)
    with localcontext(prec=60):
        for hours, worth in enumerate(table[:2000]):
            exact = 10**6 * Decimal(2) ** (Decimal(-hours * HOUR) / half_life)
            assert abs(exact - worth) <= Decimal("0.5") + Decimal("1e-40")


def test_s9_halves_are_rounded_to_even_and_hours_are_those_of_the_clock() -> None:
    table = decay(HOUR)
    assert table[:9] == (1000000, 500000, 250000, 125000, 62500, 31250, 15625, 7812, 3906)
    assert score([(HOUR - 1, 2)], HOUR, HOUR) == 1_000_000
    assert score([(HOUR, 2)], 2 * HOUR - 1, HOUR) == 2_000_000
    assert score([(0, 10**6)], 24 * HOUR, HOUR) == 0


POINTS = '[points]\nhalf_life = "1h"\n[points.weights]\n"them.like" = 4\n'


def test_s9_points_are_reached_at_an_event_and_lost_at_an_hour() -> None:
    enough = '[[rule]]\nname = "warm"\nfrom = ["cold"]\nto = "engaged"\nwhen = [{ points_at_least = 8 }]\n'
    near = [event("a", 0, "like"), event("b", 1, "like")]
    assert moves(run(POINTS + enough, *near)) == [(1, "warm", "cold", "engaged")]
    assert moves(run(POINTS + enough, near[0], event("b", HOUR, "like"))) == []


def test_s9_a_score_falls_below_at_the_first_hour_where_it_is_below() -> None:
    fading = QUIET.replace('{ no = ["reply"], for = "14d" }', "{ points_below = 2 }").replace(
        'from = ["engaged"]\nto = "contacted"', 'from = ["contacted"]\nto = "cold"'
    )
    history = run(POINTS + LIKED + fading, event("a", 0, "like"))
    # 4 points, halved at each full hour: 2 is not below 2, so it takes the second one.
    assert moves(history)[1:] == [((T0 // HOUR + 2) * HOUR - T0, "gone quiet", "contacted", "cold")]
    assert history.firings[1].moment == ("timer", 0, T0)


def test_s10_a_silence_since_ours_needs_ours_and_ends_with_their_answer() -> None:
    nudge = NUDGE.replace('"ours"', '"ours", after_kind = "email"')
    assert firings(run(nudge, event("a", 0, "like"))) == []
    email = event("a", 0, "email", "us")
    assert firings(run(nudge, email)) == [(5 * DAY, "nudge")], "once for each anchor"
    assert firings(run(nudge, email, event("b", 0))) == [], "an answer in the same second answers"
    assert firings(run(nudge, email, event("b", DAY, "dm", "us"))) == [(5 * DAY, "nudge")]
    assert firings(run(nudge, email, event("b", DAY, "email", "us"))) == [(6 * DAY, "nudge")]


def test_s10_notes_are_nothing_towards_them() -> None:
    nudge = NUDGE
    assert firings(run(nudge, event("a", 0, "note", "us"), by_hand("b", 1, "contacted"))) == []


@pytest.mark.parametrize(("age", "fires"), [(7 * DAY - 1, True), (7 * DAY, False), (7 * DAY + 1, False)])
def test_s11_and_r6_what_is_exactly_as_old_as_the_window_has_left_it(age: int, fires: bool) -> None:
    two = LIKED.replace('["like"]', '["like"], at_least = 2, within = "7d"')
    assert bool(moves(run(two, event("a", 0, "like"), event("b", age, "like")))) is fires


@pytest.mark.parametrize(("at", "quiet"), [(14 * DAY - 1, False), (14 * DAY, False), (14 * DAY + 1, True)])
def test_s11_and_r6_a_reply_in_the_second_of_the_timer_prevents_it(at: int, quiet: bool) -> None:
    history = run(QUIET, event("a", at), stage="engaged", until=14 * DAY + 5)
    assert bool(moves(history)) is quiet


def test_s11_since_stage_counts_only_what_came_after_entering_it() -> None:
    rule = LIKED.replace('["like"]', '["like"], since = "stage"')
    assert moves(run(rule, event("a", 0, "like"))) == []
    assert moves(run(rule, event("a", 1, "like"))) == [(1, "liked", "cold", "contacted")]


@pytest.mark.parametrize(("distinct", "expected"), [("post", 3), ("day", 2), ("channel", 2)])
def test_s11_distinct_counts_different_values(distinct: str, expected: int) -> None:
    events = [
        event("a", 0, "like", post="p"),
        event("b", 1, "like", post="p", channel="x"),
        event("c", 2, "like"),
        event("d", 3 * DAY, "like"),
    ]
    for wanted in (expected, expected + 1):
        rule = LIKED.replace('["like"]', f'["like"], at_least = {wanted}, distinct = "{distinct}"')
        assert bool(moves(run(rule, *events))) is (wanted == expected)


def test_s12_fields_are_read_as_they_were() -> None:
    rule = REPLIED.replace('{ kind = ["reply"] }', '{ kind = ["reply"] }, { field = "tags", in = ["hot"] }')
    before = [field_set("a", 0, "tags", ["hot", "x"]), event("b", 1), field_set("c", 2, "tags", [])]
    assert firings(run(rule, *before)) == [(1, "replied")]
    assert firings(run(rule, event("b", 1), field_set("c", 2, "tags", ["x"]))) == []
    is_not = rule.replace('in = ["hot"]', 'is_not = "hot"')
    assert firings(run(is_not, event("b", 1))) == [(1, "replied")], "a missing field is not hot"


def test_s13_and_r11_a_moment_is_judged_by_the_rules_of_its_time() -> None:
    two = [version(1, None, LIKED), version(2, DAY, REPLIED), version(3, 2 * DAY, LIKED)]
    assert moves(run(two, event("a", DAY, "like"))) == [], "version 2 is in force from its first second"
    assert moves(run(two, event("a", DAY - 1, "like"))) == [(DAY - 1, "liked", "cold", "contacted")]
    history = run(two, event("a", 3 * DAY, "like"))
    assert (history.moves[0].version, history.moves[0].rule) == (3, "liked"), "a rollback"


def test_s13_a_rule_keeps_its_cooldown_by_its_name() -> None:
    note = '[[rule]]\nname = "note"\ncooldown = "5d"\nwhen = [{ kind = ["like"] }]\nthen = { tag = ["x"] }\n'
    likes = [event("a", 0, "like"), event("b", 2 * DAY, "like")]
    same = [version(1, None, note), version(2, DAY, note)]
    assert firings(run(same, *likes)) == [(0, "note")]
    renamed = [same[0], version(2, DAY, note.replace('"note"', '"new"'))]
    assert firings(run(renamed, *likes)) == [(0, "note"), (2 * DAY, "new")]


def test_s13_what_was_due_before_the_activation_never_fires_unless_asked() -> None:
    sooner = QUIET.replace("14d", "5d")
    assert moves(run([version(1, None, QUIET), version(2, 6 * DAY, sooner)], stage="engaged")) == []
    at_once = [version(1, 5 * DAY, sooner)]
    assert moves(run(at_once, stage="engaged")) == [(5 * DAY, "gone quiet", "engaged", "contacted")]
    existing = HEAD.replace("[engine]", "[engine]\napply_to_existing = true") + sooner
    asked = [version(1, None, QUIET), Version(2, T0 + 6 * DAY, parse(existing))]
    history = run(asked, stage="engaged")
    assert moves(history) == [(6 * DAY, "gone quiet", "engaged", "contacted")]
    assert history.firings[0].moment == ("activation", T0 + 6 * DAY)


def test_s13_a_voided_version_has_never_been() -> None:
    versions = [version(1, None, REPLIED), version(2, DAY, LIKED, voided=True)]
    assert moves(run(versions, event("a", 2 * DAY, "like"), event("b", 3 * DAY))) == [
        (3 * DAY, "replied", "cold", "engaged")
    ]


def test_s14_and_r12_a_retracted_event_counts_until_its_retraction() -> None:
    two = LIKED.replace('["like"]', '["like"], at_least = 2')
    gone = event("a", 0, "like", retracted_at=T0 + 10)
    assert len(moves(run(two, gone, event("b", 9, "like")))) == 1
    assert moves(run(two, gone, event("b", 10, "like"))) == []
    alone = event("a", 0, "reply", retracted_at=T0 + 10)
    assert run(REPLIED, alone).stage == "engaged", "it never undoes a move"


def test_s14_a_timer_that_a_retraction_makes_due_in_the_past_is_due_then() -> None:
    events = [event("a", 10 * DAY, retracted_at=T0 + 20 * DAY)]
    assert moves(run(QUIET, *events, stage="engaged", until=60 * DAY)) == [
        (20 * DAY, "gone quiet", "engaged", "contacted")
    ]
    early = [event("a", 10 * DAY, retracted_at=T0 + 12 * DAY)]
    assert moves(run(QUIET, *early, stage="engaged"))[0][0] == 14 * DAY


def test_s15_the_key_of_a_firing_is_the_same_for_ever() -> None:
    assert firing_key("gone quiet", ("timer", 0, 1736500000)) == (
        "d5865cbed821cdea4554e4ce5423e7e3c63e5ac551b7163d6b06392447ec9613"
    )
    history = run(REPLIED, event("a", 0), by_hand("b", 1, "lost"))
    assert history.moves[0].key == firing_key("replied", ("event", "a"))
    assert (history.moves[1].key, history.moves[1].rule) == ("b", None)
    assert firing_key('ü"', ("event", "é")) != firing_key("u", ("event", "é"))


def test_s16_hard_stops_are_no_rules() -> None:
    """An unsubscribe is an event like any other for the fold: it stops nothing by itself."""
    assert len(moves(run(REPLIED, event("a", 0, "unsubscribe"), event("b", 1)))) == 1


def test_s17_a_history_without_erased_events_is_a_history() -> None:
    events = [event("a", 0, "like"), event("b", 1)]
    assert run(LIKED, *events).moves != run(LIKED, events[1]).moves
    assert run(LIKED).moves == ()


@pytest.mark.parametrize("start", [0, 5, 6])
def test_r13_tracked_from_decides_what_is_a_moment(start: int) -> None:
    assert bool(run(LIKED, event("a", 5, "like"), start=start).moves) is (start <= 5)


def test_a_stage_that_the_rules_do_not_know_is_left_alone() -> None:
    history = run(REPLIED.replace('from = ["cold"]\n', ""), event("a", 1), stage="legacy")
    assert (history.stage, history.firings) == ("legacy", ())


def test_without_any_ruleset_only_people_move() -> None:
    history = fold([], [by_hand("a", 1, "won")], T0, tracked_from=T0, start_stage="cold")
    assert (history.stage, history.firings) == ("won", ())
    with pytest.raises(ValueError, match="start_stage"):
        fold([], [], T0, tracked_from=T0)
