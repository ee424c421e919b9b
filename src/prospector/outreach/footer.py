"""What stands below every cold mail: who writes, where we have the address, and how to stop it.

Postal address and a working way out: CAN-SPAM, 15 U.S.C. 7704(a)(3) and (5); name, address, contact and
unsubscribe: CASL, S.C. 2010 c. 23, s. 6(2). Source and purpose with the first mail: GDPR Art. 14(2)(f),
14(1)(c) and 14(3)(b); the right to object, apart from other information: Art. 21(4).
docs/law.md says more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from prospector.outreach import one_click

LONGEST_NOTE = 300
"""Characters of a source or a basis: they come from files and forms, and are one line of the footer."""
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]+")


class Writer(Protocol):
    """Who is answerable for the mail: `[sender]` of config.toml."""

    @property
    def legal(self) -> str: ...
    @property
    def postal_address(self) -> str: ...
    @property
    def privacy_url(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Words:
    """The sentences of one language. `stop` is a word that the inbox reads as an opt-out."""

    commercial: str
    source: str
    basis: str
    privacy: str
    object: str
    stop: str
    click: str


WORDS: Mapping[str, Words] = {
    "en": Words(
        "This is a commercial message from {who}.",
        "Where we have your address from: {source}.",
        "Why we write to you: {basis}.",
        "How we treat your data: {url}",
        "You may object to this at any time, without giving a reason; we then stop using your data for it.",
        'To get no more mail from us, reply with "stop" or write to {mailbox}.',
        "Or unsubscribe with one click: {url}",
    ),
    "de": Words(
        "Dies ist eine geschäftliche Nachricht von {who}.",
        "Woher wir Ihre Adresse haben: {source}.",
        "Warum wir Ihnen schreiben: {basis}.",
        "Wie wir mit Ihren Daten umgehen: {url}",
        "Sie können dem jederzeit und ohne Angabe von Gründen widersprechen; dann verwenden wir Ihre Daten "
        "nicht mehr dafür.",
        'Wenn Sie keine Mail mehr von uns wünschen, antworten Sie mit "Stopp" oder schreiben an {mailbox}.',
        "Oder melden Sie sich mit einem Klick ab: {url}",
    ),
    "fr": Words(
        "Ceci est un message commercial de {who}.",
        "D'où nous tenons votre adresse : {source}.",
        "Pourquoi nous vous écrivons : {basis}.",
        "Comment nous traitons vos données : {url}",
        "Vous pouvez vous y opposer à tout moment et sans motif ; nous n'utilisons alors plus vos données "
        "à cette fin.",
        "Pour ne plus recevoir nos messages, répondez « stop » ou écrivez à {mailbox}.",
        "Ou désabonnez-vous en un clic : {url}",
    ),
    "es": Words(
        "Este es un mensaje comercial de {who}.",
        "De dónde tenemos su dirección: {source}.",
        "Por qué le escribimos: {basis}.",
        "Cómo tratamos sus datos: {url}",
        "Puede oponerse en cualquier momento y sin dar motivos; entonces no usamos más sus datos para ello.",
        'Si no desea más correos nuestros, responda "baja" o escriba a {mailbox}.',
        "O dese de baja con un clic: {url}",
    ),
    "it": Words(
        "Questo è un messaggio commerciale di {who}.",
        "Da dove abbiamo il suo indirizzo: {source}.",
        "Perché le scriviamo: {basis}.",
        "Come trattiamo i suoi dati: {url}",
        "Può opporsi in qualsiasi momento e senza motivo; da allora non usiamo più i suoi dati per questo.",
        'Se non desidera altre mail da noi, risponda "stop" o scriva a {mailbox}.',
        "Oppure si cancelli con un clic: {url}",
    ),
    "nl": Words(
        "Dit is een commercieel bericht van {who}.",
        "Hoe wij aan uw adres komen: {source}.",
        "Waarom wij u schrijven: {basis}.",
        "Hoe wij met uw gegevens omgaan: {url}",
        "U kunt hiertegen op elk moment en zonder reden bezwaar maken; dan gebruiken wij uw gegevens er niet "
        "meer voor.",
        'Wilt u geen mail meer van ons, antwoord dan met "stop" of schrijf naar {mailbox}.',
        "Of meld u met één klik af: {url}",
    ),
    "pt": Words(
        "Esta é uma mensagem comercial de {who}.",
        "De onde temos o seu endereço: {source}.",
        "Por que lhe escrevemos: {basis}.",
        "Como tratamos os seus dados: {url}",
        "Pode opor-se a qualquer momento e sem indicar motivos; deixamos então de usar os seus dados nisso.",
        'Se não quiser mais mensagens nossas, responda "remover" ou escreva para {mailbox}.',
        "Ou cancele com um clique: {url}",
    ),
}
"""By language; a template in any other has the English one."""


def footer(
    sender: Writer,
    *,
    language: str,
    source: str,
    first: bool,
    token: str | None,
    public_url: str,
    mailbox: str,
    basis: str,
) -> str:
    """The footer of one mail, without a line break at its end; made when it is drafted and sent as stored.

    `first`: their first mail of ours also says where the address is from, why we write, and that they
    may object. `token` with `public_url` gives the link of one click; `mailbox` is an address of ours
    that is read. What is not known has no line: the gate of a campaign asks for it before anything leaves.
    """
    words = WORDS.get(language[:2].lower(), WORDS["en"])
    who = ", ".join(filter(None, (one_line(sender.legal), one_line(sender.postal_address))))
    lines = [words.commercial.format(who=who)] if who else []
    if first:
        lines += [words.source.format(source=_note(source))] if _note(source) else []
        lines += [words.basis.format(basis=_note(basis))] if _note(basis) else []
        lines += [words.privacy.format(url=sender.privacy_url)] if sender.privacy_url else []
        lines.append(words.object)
    lines.append(words.stop.format(mailbox=mailbox) if mailbox else "")
    if token and public_url:
        lines.append(words.click.format(url=one_click.link(public_url, token)))
    return "\n".join(filter(None, lines))


def one_line(text: str) -> str:
    """Words of a file or a form as one line, without characters that nobody sees."""
    return " ".join(_UNSEEN.sub(" ", text).split())


def _note(text: str) -> str:
    return one_line(text)[:LONGEST_NOTE].rstrip(" .")
