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
        "Please cease all contact.",
        "Hi Ana,\n\nplease don't send me any more emails.\n\nBob",
        "I'd like to be removed from your list",
        "Please remove our company from your list.",
        "Please unsubscribe bob@x.example",
        "Stop it.",
        "Lassen Sie mich in Ruhe!",
        "Bitte kontaktieren Sie mich nicht mehr.",
        "Ich möchte nicht mehr kontaktiert werden",
        "Ich möchte keine Werbung von Ihnen erhalten.",
        "Bitte um Löschung meiner Daten",
        "Unterlassen Sie weitere E-Mails",
        "Merci de ne plus m'écrire.",
        "Je ne souhaite plus recevoir vos messages.",
        "Arrêtez de m’envoyer des mails",
        "Veuillez cesser de me contacter.",
        "Merci de supprimer mon adresse",
        "Dadme de baja",
        "Por favor, eliminen mi correo de su base de datos.",
        "Solicito la baja",
        "Vi chiedo di cancellare i miei dati",
        "Wilt u mij uitschrijven?",
        "Stop met mailen",
        "Neem geen contact meer met mij op",
        "Favor remover meu e-mail da lista",
        "Deixem de me enviar emails",
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
        "Please do not send me the contract before Friday.",
        "Don't send me attachments, use the link. Otherwise yes!",
        "Please delete bob@old.example and use bob@new.example: I have moved.",
        "Wir haben keine Post bekommen, bitte erneut senden.",
        "Schreiben Sie mir doch nächste Woche noch einmal.",
        "Arrêtez-vous jeudi à notre stand !",
        "Nous ne souhaitons pas changer de fournisseur pour l'instant.",
        "No me escribiste el precio.",
        "Non ho ricevuto altre mail, può rimandare?",
        "Wij stoppen met het project, maar bel gerust.",
        "Não recebi mais detalhes, pode enviar?",
        "Please don't contact Bob, I am the right person.",
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
