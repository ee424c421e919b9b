"""What the API says of campaigns, and what it takes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from prospector.campaigns.steps import MOST_STEPS, MOST_VARIANTS
from prospector.models import HIGHEST_ID

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Text = Annotated[str, StringConstraints(max_length=20_000)]
Language = Annotated[str, StringConstraints(pattern="^[a-z]{2}$")]


class Row(BaseModel):
    """A campaign. People are counted once; `words` is its state as a person reads it."""

    id: int
    name: str
    version: int
    state: str
    words: str
    people: int
    drafts: int
    approved: int
    sent: int
    replied: int
    bounced: int
    opted_out: int
    created_at: datetime
    started_at: datetime | None


class Missing(BaseModel):
    """What keeps a campaign from starting, and the page on which it is mended."""

    field: str
    message: str
    where: str


class One(Row):
    """A campaign with what is missing before it can start."""

    missing: list[Missing]


class Arm(BaseModel):
    """One variant of a step: its text by language, each as a template file is."""

    name: Annotated[str, StringConstraints(pattern="^[A-C]$")] = "A"
    texts: Annotated[dict[Language, Text], Field(min_length=1, max_length=7)]


class Mail(BaseModel):
    """One mail of the series; `wait` is in working days after the one before, 0 for the first."""

    wait: Annotated[int, Field(ge=0, le=60)] = 0
    variants: Annotated[list[Arm], Field(min_length=1, max_length=MOST_VARIANTS)]


class Series(BaseModel):
    """A version: the mails, what stands for a fact that is missing, and a note."""

    steps: Annotated[list[Mail], Field(min_length=1, max_length=MOST_STEPS)]
    fallbacks: Annotated[
        dict[str, Annotated[str, StringConstraints(max_length=300)]], Field(max_length=100)
    ] = {}
    note: Annotated[str, StringConstraints(max_length=300)] = ""


class New(BaseModel):
    """A campaign to be made. Without `accounts` it writes from our first mailbox."""

    name: Name
    accounts: Annotated[list[Annotated[int, Field(ge=1, le=HIGHEST_ID)]], Field(max_length=50)] = []
    series: Series | None = None


class Version(BaseModel):
    """A version and who has it: people with drafts of it, with approved and with sent mails."""

    number: int
    at: datetime
    by: str | None
    note: str
    drafts: int
    approved: int
    sent: int


class Member(BaseModel):
    """A person of a campaign. `outcomes` are what they did since: replied, bounced, opted out, complained."""

    id: int
    prospect: int
    name: str
    to: str | None
    state: str
    why: str | None
    version: int | None
    variant: str
    sent: int
    last_sent_at: datetime | None
    outcomes: list[str]


class People(BaseModel):
    """A page of people; `next` is the `after` of the next one."""

    people: list[Member]
    next: int | None


class Who(BaseModel):
    """Whom to add: by ids, by a search of the people's list, or those of an import run."""

    prospects: Annotated[list[Annotated[int, Field(ge=1, le=HIGHEST_ID)]], Field(max_length=10_000)] = []
    query: Annotated[str, StringConstraints(max_length=500)] = ""
    run: Annotated[int, Field(ge=1, le=HIGHEST_ID)] | None = None


class StayedOut(BaseModel):
    """Who may not come in, and why."""

    prospect: int
    why: str


class Added(BaseModel):
    """What adding people came to."""

    added: int
    already: int
    refused: list[StayedOut]


class Why(BaseModel):
    """The reason of a pause: everybody sees it."""

    why: Words


class ArmResult(BaseModel):
    """What came of a variant; `low` and `high` are the 95 % interval of its rate of answers."""

    name: str
    sent: int
    replied: int
    bounced: int
    opted_out: int
    rate: float
    low: float
    high: float


class StepResult(BaseModel):
    """What came of a step. `better` names a variant only where enough was sent and it is sure."""

    step: int
    arms: list[ArmResult]
    words: str | None
    better: str | None
    needed: int | None
