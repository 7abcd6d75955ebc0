"""Knows words at which nobody may promise anything before a person has looked, should the model miss what they mean."""

from alerts.beginnings import begins, without_accents

_MONEY = (
    "refund", "money back", "my money", "reimburs", "compensat", "overcharg", "charged", "chargeback", "invoice",
    "raha", "tagastus", "tagastage", "tagasimakse", "hüvit", "kompens", "topeltarve", "arvega", "arvet", "arved",
    "деньги", "денег", "деньгам", "возврат", "возмещ", "компенс", "списал", "переплат",
    "naud", "atmaks", "atgrie", "rēķin", "pārmaks",
)  # fmt: skip
_GRAVE = (
    "lawyer", "lawsuit", "legal action", "court", "police", "journalist", "newspaper", "injur", "hospital", "poison",
    "allerg", "ambulance",
    "advokaa", "jurist", "kohtus", "politsei", "tarbijakaits", "ajakirjan", "haigla", "mürgit", "kiirab", "vigastus",
    "адвокат", "юрист", "в суд", "полици", "прокур", "журналист", "больниц", "отрав", "аллерг", "травм", "скорую",
    "advokāt", "tiesāšan", "tiesvedīb", "policij", "žurnālist", "slimnīc", "saindē", "alerģ", "trauma", "ptac",
)  # fmt: skip


def about_money(text: str) -> bool:
    return _has(text, _MONEY)


def grave(text: str) -> bool:
    """The law, the press, or somebody's health."""
    return _has(text, _GRAVE)


def _has(text: str, beginnings: tuple[str, ...]) -> bool:
    return begins(without_accents(text.casefold()), *beginnings)
