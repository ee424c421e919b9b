"""New words apart from quoted ones, for the mail clients and languages that people use."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.mail.quotations import new_text

ATTRIBUTIONS = [
    "On Sun, Nov 22, 2026 at 10:00 AM Us <us@us.test> wrote:",
    "On Sun, Nov 22, 2026 at 10:00 AM Us the Long Name of a Company\n<us@us.test>\nwrote:",
    "Am So., 22. Nov. 2026 um 10:00 Uhr schrieb Us <us@us.test>:",
    "Le dim. 22 nov. 2026 à 10:00, Us <us@us.test> a écrit :",
    "El dom, 22 nov 2026 a las 10:00, Us (<us@us.test>) escribió:",
    "Il giorno dom 22 nov 2026 alle ore 10:00 Us <us@us.test> ha scritto:",
    "Op zo 22 nov 2026 om 10:00 schreef Us <us@us.test>:",
    "Em dom., 22 de nov. de 2026 às 10:00, Us <us@us.test> escreveu:",
    "niedz., 22 lis 2026 o 10:00 Us <us@us.test> napisał(a):",
    "Den sön 22 nov. 2026 kl 10:00 skrev Us <us@us.test>:",
    "su 22. marrask. 2026 klo 10.00 Us (us@us.test) kirjoitti:",
    "2026年11月22日(日) 10:00 Us <us@us.test>:",
    "-----Original Message-----",
    "-----Ursprüngliche Nachricht-----",
    "-------- Message d'origine --------",
    "From: Us <us@us.test>\nSent: Sunday, 22 November 2026 10:00\nTo: Alice\nSubject: A question",
    "________________________________\nVon: Us\nGesendet: Sonntag\nAn: Anna\nBetreff: Eine Frage",
    "De : Us <us@us.test>\nEnvoyé : dimanche\nÀ : Anne\nObjet : Question",
]
SIMPLE = st.text("abcdefg .,!?", max_size=60).map(str.strip).filter(bool)


@pytest.mark.parametrize("attribution", ATTRIBUTIONS, ids=lambda text: text[:25])
@pytest.mark.parametrize("mark", ["> ", ""])
def test_what_follows_an_attribution_is_not_new(attribution, mark):
    text = f"Yes, gladly.\n\n{attribution}\n\n{mark}Shall we talk?\n{mark}Unsubscribe here."

    if mark or not attribution.startswith(("su 22", "2026")):
        assert new_text(text) == "Yes, gladly."


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("> Who?\nI.\n> When?\nIn May.", "I.\nIn May."),
        ("On 22 Nov 2026, Us <us@us.test> wrote:\n> Who?\n\nI do.", "I do."),
        ("A.\n\n--\nAlice\n+49 30 123", "A."),
        ("A.\nVon meinem iPhone gesendet", "A."),
        ("Thanks, but no.\nBest regards\nAlice", "Thanks, but no.\nBest regards\nAlice"),
        ("Hello,\n- one\n- two", "Hello,\n- one\n- two"),
        ("In 2025 I wrote:\nit works.", "In 2025 I wrote:\nit works."),
        ("From: Berlin to Paris we go.", "From: Berlin to Paris we go."),
        ("", ""),
    ],
)
def test_what_stays(text, new):
    assert new_text(text) == new


@given(st.lists(SIMPLE, min_size=1, max_size=6), st.lists(SIMPLE, max_size=6))
def test_marked_lines_never_pass_for_new_ones(own, quoted):
    text = (
        "\n".join(own) + "\n\nOn 22 Nov 2026, Us <us@us.test> wrote:\n" + "\n".join(f"> {q}" for q in quoted)
    )

    assert new_text(text) == "\n".join(own)


@given(st.text(max_size=2000))
def test_nothing_is_made_up(text):
    new = new_text(text)

    assert len(new) <= len(text)
    assert new == new.strip()
