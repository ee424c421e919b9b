"""Whether somebody's own words ask us to stop writing to them, in seven languages.

It looks at new words only (no quotation): our own footer says "unsubscribe" in every mail that
is answered. A wrong "yes" costs a click (it is shown for confirmation), a wrong "no" costs trust.
"""

from __future__ import annotations

import re

_LONGEST = 2_000

# The whole mail, or its first sentence, is nothing but this.
_ALONE = re.compile(
    r"(?:(?:please|pls|kindly|bitte|s'il vous pla[iî]t|svp|por favor|per favore|alstublieft|graag|stop)[ ,]*)*"
    r"(?:stop|stopp|unsubscribe(?: me)?|un-subscribe|remove(?: me)?|opt[ -]?out|no more(?: e-?mails?)?|"
    r"take me off|abmelden|abbestellen|austragen|keine (?:weiteren )?(?:e-?)?mails?(?: mehr)?|"
    r"d[eé]sabonne[rz](?:[ -]moi)?|d[eé]sinscription|d[eé]sinscrire|stop(?:per)? (?:les )?(?:e-?)?mails?|"
    r"baja|darme de baja|dar de baja|cancelar suscripci[oó]n|no m[aá]s correos?|"
    r"cancellami|cancellatemi|disiscrivi(?:mi|temi)?|cancella iscrizione|rimuovimi|basta (?:e-?)?mail|"
    r"afmelden|uitschrijven|schrijf me uit|geen (?:e-?)?mails? meer|"
    r"cancelar(?: inscri[cç][aã]o| subscri[cç][aã]o)?|remover|descadastrar|sair da lista)"
    r"(?:[ ,]*(?:please|pls|now|thanks|thank you|thx|bitte|danke|merci|gracias|grazie|dank|bedankt|obrigad[oa]))*",
    re.I,
)

# These say it in any sentence.
_PHRASES = re.compile(
    "|".join(
        [
            r"\b(?:un-?subscribe|remove|delete|drop) (?:me|us|my (?:e-?mail|address|name|details|data)|this address)\b",
            r"\btake (?:me|us|my name) off\b",
            r"\bopt me out\b|\bi(?:'d like| want| wish|'m going)? to opt[ -]?out\b|\bi opt out\b",
            r"\b(?:stop|quit|cease) (?:e-?mailing|sending|contacting|writing|spamming|bothering|messaging)\b",
            r"\b(?:do not|don't|dont|never|not to) (?:e-?mail|contact|write(?: to)?|message|spam|bother) (?:me|us)\b",
            r"\b(?:do not|don't) (?:want|wish) to (?:receive|get|hear)\b|\bno (?:more|further) e-?mails?\b",
            r"\bi (?:want|would like|wish|'d like) to unsubscribe\b|\bplease unsubscribe\b",
            r"\bkeine (?:weiteren |werbe)?(?:e-?)?mails? (?:mehr|von ihnen)\b|\b(?:nicht mehr|nie wieder) "
            r"(?:an|kontaktieren|anschreiben|schreiben|mailen)\b",
            r"\b(?:tragen|nehmen|löschen|entfernen|streichen|melden) sie (?:mich|meine|uns)\b.{0,60}"
            r"\b(?:aus|ab|verteiler|liste|adresse|daten|mail)|\baus (?:ihrem|dem|eurem) verteiler\b",
            r"\bwiderspreche (?:hiermit )?(?:der|jeder)\b|\bmich (?:bitte )?(?:abmelden|austragen|löschen)\b",
            r"\b(?:ne (?:plus|pas)) (?:me|nous) (?:contacter|écrire|ecrire|envoyer|solliciter)\b|"
            r"\bne m['’](?:écrivez|ecrivez|envoyez|contactez) plus\b|\bne (?:me|nous) contactez plus\b",
            r"\b(?:me|nous) (?:désabonner|desabonner|désinscrire|desinscrire|retirer|supprimer)\b|"
            r"\b(?:désabonnez|desabonnez|désinscrivez|retirez|supprimez|enlevez)[- ](?:moi|nous|mon)\b|"
            r"\bplus (?:recevoir|de) (?:vos |d['’]?)?(?:e-?)?(?:mails?|courriels?)\b",
            r"\b(?:dar(?:me|nos)|den?me|dé(?:n)?me) de baja\b|\bno (?:me|nos) (?:escrib\w+|env[ií]\w+|contact\w+)\b|"
            r"\b(?:elim[ií]n\w+|b[oó]rr\w+|qu[ií]t\w+|s[aá]quen?)(?:me|nos|enme)\b.{0,40}\b(?:lista|base|correos?)\b|"
            r"\b(?:no (?:deseo|quiero)|dejen? de) (?:recibir|enviar\w*|escribir\w*|mandar\w*|contactar\w*)\b",
            r"\b(?:cancell|rimuov|togli|elimin)\w*(?:mi|ci|temi|etemi)\b.{0,40}\b(?:lista|elenco|database|mailing)|"
            r"\bnon (?:mi |ci )?(?:scriv|contatt|invi|mandat)\w+(?:mi|ci)? (?:più|altr\w+|piu)\b|"
            r"\bnon (?:desidero|voglio) (?:più |piu )?(?:ricevere|essere contattat\w)\b|\bsmett\w+ di (?:scriv|invi|mand)",
            r"\b(?:schrijf|meld|haal|verwijder) (?:me|mij|ons|mijn)\b.{0,40}\b(?:uit|af|lijst|adres|gegevens)\b|"
            r"\b(?:stuur|mail|benader|contacteer) (?:me|mij|ons) (?:niet|geen)\b|\bgeen (?:e-?)?mails? meer\b|"
            r"\bwil (?:geen|niet).{0,30}(?:ontvangen|benaderd|gemaild)\b",
            r"\b(?:remov[ae]m?|retir[ae]m?|exclu[ai]m?|tir[ae]m?|apagu?[ae]m?)[- ](?:me|o meu|meu|nos)\b|"
            r"\bme (?:remov[ae]m?|retir[ae]m?|exclu[ai]m?|tir[ae]m?|descadastr\w+)\b|"
            r"\bn[aã]o (?:quero|desejo) (?:mais )?receber\b|\bpar(?:e|em) de (?:me )?(?:enviar|escrever|contactar|mandar)|"
            r"\bn[aã]o me (?:envi\w+|escrev\w+|contact\w+|mand\w+)\b",
        ]
    ),
    re.I,
)
_NEGATED = re.compile(
    r"\b(?:don't|do not|never|please don't|won't|wouldn't|didn't|did not|not|nicht|ne pas|no|non|niet|não)"
    r"(?: \w+){0,2} $",
    re.I,
)
# "Stop sending" may be about something else than our mails.
_ABOUT_THEM = re.compile(
    r"\b(?:your (?:customers|clients|users|leads|prospects|tool|product)|our (?:customers|clients|users))\b",
    re.I,
)
_SUBJECT = re.compile(
    r"(?:unsubscribe|abmelden|désabonner|baja|disiscrivi|uitschrijven|cancelar)(?: [\w.~+=/-]{1,200})?", re.I
)
_GREETING = re.compile(
    r"(?:hi|hello|hey|dear|hallo|guten (?:tag|morgen)|sehr geehrte\w*|bonjour|hola|buen[oa]s \w+|buongiorno|"
    r"salve|beste|geachte|ol[aá]|bom dia|prezad\w+|ciao)\b[^.!?\n]{0,40}[,!.:]?",
    re.I,
)


def is_opt_out(new_text: str) -> bool:
    """Whether these words of theirs are an opt-out."""
    lines = [line.strip() for line in new_text[:_LONGEST].replace("’", "'").split("\n") if line.strip()]
    if lines and len(lines) > 1 and _GREETING.fullmatch(lines[0]):
        lines = lines[1:]
    text = " ".join(lines)
    sentences = [s.strip(" \"'*-–.,!") for s in re.split(r"[.!?;\n]+", "\n".join(lines))]
    said = [s for s in sentences if s]
    if said and _ALONE.fullmatch(said[0]) and len(text) <= 300:
        return True
    return any(_asks(sentence) for sentence in [*said, text] if len(sentence) <= 600)


def _asks(sentence: str) -> bool:
    found = _PHRASES.search(sentence)
    if found is None or _ABOUT_THEM.search(sentence):
        return False
    return not _NEGATED.search(sentence[: found.start()])


def is_opt_out_subject(subject: str) -> bool:
    """Whether a mail client wrote it for a List-Unsubscribe `mailto:`: the word, perhaps with a token."""
    return bool(_SUBJECT.fullmatch(subject.strip()))
