"""Whether a machine answered in somebody's stead, until when they are away, and whether for good.

Headers decide first (RFC 3834 and what vendors write), then the beginning of the subject in many
languages, then a sentence that says "this is an automatic reply". Words such as "out of office"
within a mail prove nothing: people write them to each other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from email.message import Message

from prospector.mail import read
from prospector.mail.return_dates import returns

_SUBJECT = re.compile(
    r"(?:\[?(?:"
    # English
    r"auto(?:matic|mated)?[ -]?(?:reply|response|answer)|auto:|autoreply|autoresponse|out of (?:the )?office|"
    r"out-of-office|ooo|on (?:annual |parental |maternity |paternity |sick )?leave(?= ?[:\]-])|"
    r"(?:on )?(?:vacation|holidays?)(?: (?:reply|notice|message|response))(?= |:|$)|away from (?:the |my )?office|"
    r"i am (?:currently )?(?:away|out of (?:the )?office|on (?:leave|vacation|holiday))|"
    r"(?:has|have) left the company|no longer (?:with|at|working)"
    # German
    r"|automatische (?:antwort|abwesenheits\w*|e-?mail-?antwort)|abwesenheits(?:notiz|nachricht|meldung|info\w*|assistent|"
    r"benachrichtigung)|abwesenheit(?= ?[:\]-])|abwesend(?= ?[:\]-]|$)|(?:ich bin )?(?:zur ?zeit |derzeit )?nicht im (?:haus|büro)|"
    r"außer haus|automatische rückantwort|eingangsbestätigung"
    # French
    r"|réponse automatique|reponse automatique|message d'absence|absence du bureau|absent(?:e)? du bureau|"
    r"absence(?= ?[:\]-])|en congés?(?= ?[:\]-])|notification d'absence|réponse d'absence"
    # Spanish
    r"|respuesta autom[aá]tica|fuera de (?:la )?oficina|ausente(?= ?[:\]-]|$)|ausencia(?= ?[:\]-])|de vacaciones(?= ?[:\]-]|$)|"
    r"contestaci[oó]n autom[aá]tica|mensaje autom[aá]tico"
    # Italian
    r"|risposta automatica|fuori (?:sede|ufficio)|assente(?= ?[:\]-]|$)|assenza(?= ?[:\]-])|messaggio automatico|in ferie(?= ?[:\]-])"
    # Dutch
    r"|automatisch antwoord|automatische (?:reactie|reply)|afwezig(?:heids\w*)?(?= ?[:\]-]|$| bericht)|afwezigheidsbericht|"
    r"niet (?:aanwezig|op kantoor)"
    # Portuguese
    r"|resposta autom[aá]tica|fora d[oe] escrit[oó]rio|aus[eê]ncia(?= ?[:\]-])|de f[eé]rias(?= ?[:\]-]|$)|"
    r"mensagem autom[aá]tica|aviso de aus[eê]ncia"
    # Polish
    r"|odpowied[zź] automatyczna|automatyczna odpowied[zź]|autoodpowied[zź]|poza biurem|nieobecno[sś][cć](?= ?[:\]-]|$)|"
    r"jestem na urlopie|urlop(?= ?[:\]-])"
    # Swedish, Danish, Norwegian
    r"|autosvar|automatiskt? (?:svar|e-postsvar)|frånvaro(?:meddelande|besked)?(?= ?[:\]-]|$)|ej på kontoret|inte på kontoret|"
    r"ikke (?:på kontoret|til stede|tilstede)|fravær(?:sbesked|smelding|sassistent)?(?= ?[:\]-]|$)|på semester(?= ?[:\]-])|"
    r"på ferie(?= ?[:\]-])|jeg er på ferie"
    # Finnish
    r"|automaattinen vastaus|poissa(?:oloviesti|oloilmoitus| toimistosta|olo)(?= ?[:\]-]|$)|lomavastaus|olen lomalla"
    # Czech, Russian, Turkish, Hungarian
    r"|automatick[aá] odpov[eě][dď]|mimo kancelář|nepřítomnost(?= ?[:\]-]|$)|автоматический ответ|автоответ|"
    r"(?:я )?в отпуске|вне офиса|otomatik (?:yanıt|cevap)|ofis dışında|automatikus válasz|házon kívül"
    # Japanese, Chinese, Korean
    r"|自動(?:返信|応答|回答)|不在(?:の(?:お知らせ|連絡)|通知)|自动(?:回复|答复)|自動回覆|不在办公室|자동 ?(?:회신|응답)|부재중"
    r"))",
    re.I,
)
_SAYS_SO = re.compile(
    r"\bthis is an? (?:automatic|automated|auto)[ -]?(?:ally generated )?(?:reply|response|message|e-?mail|answer)\b|"
    r"\bthis (?:message|e-?mail|reply) (?:is|was|has been) (?:automatically|auto-?) ?(?:generated|sent)\b|"
    r"\bdies(?:e [^.]{0,30}| ist eine) (?:automatisch\w*|wurde automatisch)\b[^.]{0,40}(?:antwort|nachricht|e-?mail|generiert|erstellt)|"
    r"\bceci est (?:une réponse|un message) automatique\b|\beste es un(?:a respuesta| mensaje) autom[aá]tic[oa]\b|"
    r"\bquest[oa] è un(?:a risposta| messaggio) automatic[oa]\b|\bdit is een automatisch\w* (?:antwoord|bericht|reactie)\b|"
    r"\besta é uma (?:resposta|mensagem) autom[aá]tica\b|\bto (?:jest )?(?:automatyczna odpowiedź|wiadomość automatyczna)\b|"
    r"\bdet(?:ta|te) är ett automatiskt? (?:svar|meddelande)\b|\bdette er (?:et automatisk svar|en automatisk)\b|"
    r"\btämä on automaattinen (?:vastaus|viesti)\b",
    re.I,
)
_LEFT = re.compile(
    r"\b(?:has|have|'ve) (?:now )?left (?:the company|our company|the organi[sz]ation|the firm|the business|us\b)|"
    r"\b(?:is|am|are|'m) no longer (?:with|at|working|employed|part of|a member)|\bno longer works? (?:at|for|with|here)|"
    r"\b(?:nicht mehr|nicht länger) (?:für|bei|in|im|beim)?[^.!?\n]{0,40}(?:tätig|beschäftigt|angestellt|unternehmen)|"
    r"\bhat (?:das|unser) (?:unternehmen|haus) verlassen|\bhabe (?:das|die) (?:unternehmen|firma) verlassen|"
    r"\b(?:a|ai) quitté (?:la société|l['’]entreprise|notre|la entreprise|ses fonctions)|\bne (?:travaille|fais\w*|fait) plus partie|"
    r"\bne travaille plus\b|\bya no (?:trabaj\w+|forma parte|pertenece)|\bha dejado (?:la empresa|de trabajar)|"
    r"\bnon (?:lavor\w+ più|fa più parte)|\bha lasciato (?:l['’]azienda|la società)|\bniet (?:meer|langer) werkzaam|"
    r"\bwerk\w* niet (?:meer|langer) (?:bij|voor)|\b(?:já )?n[aã]o (?:trabalh\w+ mais|faz mais parte)|\bdeixou a empresa|"
    r"\bnie pracuj\w+ już|\bjuż nie pracuj\w+|\bslutat (?:på|hos)|\barbetar inte längre|\b(?:arbejder|jobber) ikke længere|"
    r"\bhar sluttet|\bjobber ikke lenger|\bei (?:enää työskentele|ole enää)|\bbolje nepracuj|больше не работает|již nepracuj\w+|"
    r"\b(?:uit dienst|ausgeschieden)\b|退職",
    re.I,
)
_BULK = {"bulk", "junk", "auto_reply"}


@dataclass(frozen=True, slots=True)
class AutoReply:
    """`until`: the day of return. `left`: gone from the company, perhaps with a `replacement`'s address."""

    until: date | None
    left: bool
    replacement: str | None


def is_auto_reply(message: Message, new_text: str) -> bool:
    """Whether a machine wrote it."""
    subject = read.header(message, "Subject")
    return _headers_say_so(message) or bool(_SUBJECT.match(subject)) or bool(_SAYS_SO.search(new_text[:2000]))


def _headers_say_so(message: Message) -> bool:
    def value(name: str) -> str:
        return read.header(message, name).lower()

    # The value may carry a comment or parameters: "auto-replied (vacation)".
    submitted = re.match(r"[a-z-]*", value("Auto-Submitted")).group()  # type: ignore[union-attr]
    precedence = value("Precedence").replace("-", "_")
    return (
        submitted not in ("", "no")
        or value("X-Auto-Response-Suppress") not in ("", "none")
        or any(value(name) not in ("", "no", "false", "0") for name in _MARKS)
        or precedence in ("auto_reply", "junk")
        or (precedence in _BULK and bool(read.answered(message)))
        or value("Return-Path") == "<>"
    )


_MARKS = (
    "X-Autoreply",
    "X-Autorespond",
    "X-Autoresponder",
    "X-Auto-Reply",
    "X-Autogenerated",
    "X-Mail-Autoreply",
)


def auto_reply(message: Message, new_text: str, written: date) -> AutoReply:
    """What the machine says. `written` is the day on which it did."""
    subject = read.header(message, "Subject")
    left = bool(_LEFT.search(f"{subject}\n{new_text[:4000]}"))
    until = None if left else returns(new_text, written) or returns(_after_colon(subject), written)
    absent = read.sender(message)[1]
    others = (found for found in read.addresses_in(new_text) if found != absent)
    return AutoReply(until, left, next(others, None) if left else None)


def _after_colon(subject: str) -> str:
    """The subject's own words about the absence; it often goes on with the subject of *our* mail."""
    return (
        subject
        if re.search(r"\b(?:until|till|bis|back|zurück|jusqu|hasta|fino|tot|até)\b", subject, re.I)
        else ""
    )
