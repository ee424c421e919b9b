"""What the scripted user chooses, and what counts as an answer."""

from __future__ import annotations

from prospector.sandbox.rep import answer_in, ready


def card(name="Ada", action="email", **draft):
    usual = {"id": 1, "action": action, "by_hand": False, "state": "draft", "problems": []}
    return {"prospect": {"id": 1, "name": name}, "draft": usual | draft}


def row(kind, by="them"):
    return {"kind": kind, "by": by, "text": ""}


def test_the_first_draft_that_can_go_out_is_chosen():
    cards = [
        {"prospect": {"id": 1, "name": "Bo"}, "draft": None},
        card("Cy", action="reply"),
        card("Di", problems=[{"code": "empty"}]),
        card("Ed", by_hand=True),
        card("Flo", state="approved"),
        card("Gus"),
        card("Hal"),
    ]
    assert ready(cards, ("email",))["prospect"]["name"] == "Gus"
    assert ready(cards, ("email",), frozenset({"Hal"}))["prospect"]["name"] == "Hal"
    assert ready(cards, ("dm",)) is None


def test_only_what_they_said_after_our_message_is_an_answer():
    assert answer_in([row("email_reply")]) is None
    assert answer_in([row("email", "us"), row("email_reply")]) is None
    assert answer_in([row("like"), row("email", "us"), row("email_reply")]) is None
    answer = row("email_reply")
    assert answer_in([row("post"), answer, row("email", "us"), row("reply")]) is answer
