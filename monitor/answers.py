"""Prepares the answers of the brands as they are configured: their facts, and the FAQ entry that a question wants."""

from collections.abc import Sequence

from alerts import answers
from alerts.base import Answer, Complaint
from alerts.beginnings import begins, without_accents
from alerts.case import Case
from monitor.config.model import Config, Entry


def prepare(case: Case, complaints: Sequence[Complaint], config: Config) -> Answer | None:
    """What could be answered to a case; None when it is settled."""
    brand = config.brands.get(case.brand)
    facts, faq = (brand.facts, brand.faq) if brand else ({}, ())
    return answers.prepare(case, complaints, config.templates, facts, link(complaints, faq))


def link(complaints: Sequence[Complaint], faq: Sequence[Entry]) -> str | None:
    """The first entry that the customer's latest post asks for, when that is a question."""
    latest = next((each for each in reversed(complaints) if not each.deleted), None)
    if latest is None or latest.verdict.intent != "question":
        return None
    plain = without_accents(latest.mention.text.casefold())
    return next((entry.link for entry in faq if begins(plain, *entry.words)), None)
