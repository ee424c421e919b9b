"""Opt-outs in words, and words that only look like them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.mail.opt_outs import is_opt_out, is_opt_out_subject


@pytest.mark.parametrize(
    "text",
    [
        "unsubscribe",
        "Unsubscribe me please.",
        "STOP",
        "Remove.",
        "Hello,\nplease take my name off.\nRegards",
        "Do not contact me again.",
        "I don’t want to receive any more of these.",
        "Please stop sending me emails",
        "No more emails!",
        "Bitte keine weiteren Mails mehr.",
        "Bitte löschen Sie meine Adresse.",
        "Abmelden bitte",
        "Désabonnez-moi.",
        "Je souhaite me désinscrire",
        "No me escriban más.",
        "Baja",
        "Non voglio più ricevere queste mail.",
        "Cancellami",
        "Uitschrijven graag",
        "Stuur mij geen mails meer.",
        "Parem de enviar.",
        "Remover, por favor",
        "Not interested. Please remove.",
        "quiero que me den de baja",
        "Vorrei essere rimosso dalla lista.",
        "Favor me excluir da lista.",
        "Leave me alone!!",
    ],
)
def test_an_opt_out(text):
    assert is_opt_out(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Yes, gladly.",
        "Stop by on Thursday.",
        "Please unsubscribe my colleague Bob as well; for me it is fine.",
        "We should stop the pilot in May.",
        "Can we remove the second line?",
        "Please don't unsubscribe me.",
        "I did not unsubscribe us, it was Bob.",
        "How do your users unsubscribe?",
        "We want to stop emailing your customers twice, can your tool do that?",
        "I removed the old list from our system.",
        "Nicht schlecht! Melden Sie sich morgen.",
        "Meine Liste ist aus dem Vorjahr.",
        "La baja tensión es nuestro negocio, hablemos.",
        "Ne tardez pas, appelez-moi.",
    ],
)
def test_no_opt_out(text):
    assert not is_opt_out(text)


@given(st.text(max_size=3000))
def test_any_text_is_answered(text):
    assert is_opt_out(text) in (True, False)


def test_a_subject_that_a_mail_client_wrote():
    assert is_opt_out_subject("unsubscribe 3fQ-x_9.z")
    assert is_opt_out_subject("Unsubscribe")
    assert not is_opt_out_subject("Re: unsubscribe")
    assert not is_opt_out_subject("unsubscribe from your newsletter")
