"""Other words for what is asked, and what kind of answer a question waits for.

Agents ask in their own words. The table is short on purpose: a word stands beside another only when a fact that has the
one is nearly always an answer to a question with the other; and a fact with the asked word itself goes first.
"""

import re
from typing import Final, Literal

from indexer.model import Fact
from indexer.normalise import fold
from indexer.vocabulary import words

Expected = Literal["number", "date", "person"]

ALTERNATIVES_MAX: Final = 8
"""Other words that one asked word stands for at most."""

_ALIKE: Final = tuple(
    tuple(line.split())
    for line in """
price cost fee charge amount tariff rate
budget spend spending expense expenditure allocation
owner responsible lead maintainer accountable assignee charge dri
author writer editor
deadline due date target
begin start launch kickoff commence
end finish close expiry expire completion
maximum max limit cap ceiling most upper largest
minimum min lowest least floor lower smallest
size volume capacity large big
fast speed throughput rate performance
latency delay lag response
duration long length period time
error failure fault defect bug
incident outage downtime disruption
cause reason why root trigger
fix remedy mitigation resolution workaround correction
risk danger threat hazard concern
decision decided chose chosen agreed conclusion
license licence licensing
supplier vendor provider manufacturer
customer client buyer
company firm organisation organization
staff headcount employees people team
location place site where office city
host address server endpoint url
release version
requirement require need prerequisite
database store storage db
retention keep kept retain
credential password secret key token
phone telephone mobile
mail email e-mail
revenue sales turnover income
profit margin earnings
salary pay wage compensation
discount rebate reduction
tax vat
plan tier package subscription
memory ram
processor cpu
disk storage
retry retries attempt attempts
interval frequency every schedule
weight heavy mass
height tall
meeting call session
task action todo item
question issue open
goal aim objective purpose target
result outcome finding
approve approval approved signed sign-off
delivery shipping shipment dispatch
warranty guarantee
penalty fine
contract agreement
renew renewal extend extension
cancel cancellation terminate termination
replace replacement substitute alternative
increase growth rise
decrease drop decline reduction
test testing trial
country nation
language written
participants attendees present attended
sample specimen
temperature heat
allowed permitted permission
forbidden prohibited banned
backup copy snapshot
default standard initial
""".strip().splitlines()
)


def _table() -> dict[str, tuple[str, ...]]:
    table: dict[str, dict[str, None]] = {}
    for alike in _ALIKE:
        for word in alike:
            table.setdefault(word, {}).update(dict.fromkeys(other for other in alike if other != word))
    return {word: tuple(others)[:ALTERNATIVES_MAX] for word, others in table.items()}


_ALTERNATIVES: Final = _table()
_ENDINGS: Final = ("s", "es", "ed", "d", "ing")
_NUMBER_ASKED: Final = re.compile(
    r"\bhow\s+(?:much|many|long|big|large|fast|often|old|far|high|heavy|tall|deep|wide|soon|quickly)\b"
    r"|\b(?:price|cost|budget|percentage|number of)\b",
    re.IGNORECASE,
)
_DATE_ASKED: Final = re.compile(
    r"\bwhen\b|\b(?:what|which)\s+(?:date|day|month|year|time)\b|\b(?:deadline|until)\b", re.IGNORECASE
)
_PERSON_ASKED: Final = re.compile(r"\bwho(?:m|se)?\b", re.IGNORECASE)
_DATE_SAID: Final = re.compile(
    r"\b(?:19|20)\d\d-\d\d\b|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\b|\bq[1-4]\b"
    r"|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(?:19|20)\d\d\b|\b\d{1,2}:\d\d\b",
    re.IGNORECASE,
)
_DATE_KEYS: Final = words("date due deadline when until since expires time")
_PERSON_KEYS: Final = words(
    "owner owners author authors lead maintainer maintainers assignee reviewer reviewers contact by responsible "
    "editor writer manager approver approved signed name attendees participants host chair sponsor engineer analyst"
)
_PERSON_PHRASES: Final = frozenset({"on call", "oncall", "in charge", "on duty", "reports to"})


def alternatives(word: str) -> tuple[str, ...]:
    """Return other words for *word*, in any of its plain forms, given in lower case; none for most words."""
    ended = [ending for ending in _ENDINGS if word.endswith(ending) and len(word) > len(ending) + 2]
    forms = [word, *(word.removesuffix(ending) for ending in ended)]
    return next((_ALTERNATIVES[form] for form in forms if form in _ALTERNATIVES), ())


def expected(question: str) -> Expected | None:
    """Return what kind of answer *question* waits for, when its words tell."""
    if _PERSON_ASKED.search(question):
        return "person"
    if _DATE_ASKED.search(question):
        return "date"
    return "number" if _NUMBER_ASKED.search(question) else None


def is_expected(fact: Fact, kind: Expected | None) -> bool:
    """Return whether *fact* is of the kind that a question waits for."""
    if kind == "number":
        return fact.kind in ("money", "quantity") or any(letter.isdigit() for letter in fact.value)
    if kind == "date":
        return fact.kind == "date" or not _DATE_KEYS.isdisjoint(fold(fact.key).split()) or bool(_said_date(fact))
    key = fold(fact.key)
    return kind == "person" and (key in _PERSON_PHRASES or not _PERSON_KEYS.isdisjoint(key.split()))


def _said_date(fact: Fact) -> re.Match[str] | None:
    return _DATE_SAID.search(fact.value)
