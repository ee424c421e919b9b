"""Words that drafts are made of and checked against: months, weekdays, roles, legal forms."""

from __future__ import annotations

from collections.abc import Mapping


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt")

WEEKDAYS: Mapping[str, tuple[str, ...]] = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "es": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    "it": ("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"),
    "nl": ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"),
    "pt": (
        "segunda-feira",
        "terça-feira",
        "quarta-feira",
        "quinta-feira",
        "sexta-feira",
        "sábado",
        "domingo",
    ),
}

_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
}
MONTHS: Mapping[str, tuple[str, ...]] = {key: tuple(names.split()) for key, names in _MONTHS.items()}

# How a day of the month is written, and the day with its year.
DAY = {"de": "{day}. {month}", "es": "{day} de {month}", "pt": "{day} de {month}"}
FULL_DAY = {
    "de": "{day}. {month} {year}",
    "es": "{day} de {month} de {year}",
    "pt": "{day} de {month} de {year}",
}

# Frequent short words that tell the languages apart: enough to know what a draft is written in.
STOP_WORDS: Mapping[str, frozenset[str]] = {
    "en": words("the and you your with for that this have would are was from about"),
    "de": words("der die das und ich sie ihr ihre mit für nicht ist haben würde wir auf"),
    "fr": words("le les et vous votre avec pour que est nous une des dans sur je"),
    "es": words("el los y usted su con para que es una nosotros por del las muy"),
    "it": words("il gli e lei suo con per che è una noi del della sono nel"),
    "nl": words("het een en u uw met voor dat niet is wij ik van op zijn"),
    "pt": words("o os e você seu com para que é uma nós do da não em"),
}

GREETINGS = (
    "hi|hello|hey|dear|good morning|good afternoon|hallo|guten tag|guten morgen|liebe|lieber|"
    "sehr geehrte|sehr geehrter|bonjour|salut|cher|chère|hola|estimado|estimada|buenos días|"
    "ciao|gentile|buongiorno|beste|geachte|dag|olá|oi|prezado|prezada|caro|cara"
)

# Mailbox names that importers take for a first name (after RFC 2142 and common practice).
ROLES = words(
    "abuse accounts admin administrator billing booking careers contact customer enquiries finance hello "
    "help hr info information inquiries it jobs kontakt legal mail marketing media newsletter noreply "
    "no-reply office orders postmaster press pr privacy purchasing reception recruiting sales security "
    "service shop support team unknown user webmaster"
)
HONORIFICS = words("mr mrs ms miss mx dr prof professor herr frau m mme mlle sr sra sig dott ing")

# Legal forms as they end a company's name (OpenCorporates' and ISO 20275's more frequent ones).
LEGAL_FORMS = (
    r"incorporated|inc|corporation|corp|company|co|llc|l\.l\.c|llp|lp|ltd|limited|plc|pty ltd|"
    r"pvt ltd|gmbh & co\. kg|gmbh|mbh|ag|kg|ohg|ug|e\.v|se|s\.a\.s|sas|sarl|s\.a\.r\.l|s\.a|sa|"
    r"s\.r\.l|srl|s\.p\.a|spa|"
    r"s\.l|sl|b\.v|bv|n\.v|nv|a/s|aps|ab|asa|oy|oyj|sp\. z o\.o|s\.r\.o|kft|zrt|ltda|lda|k\.k|co\., ltd"
)
