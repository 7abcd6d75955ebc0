"""What people's acts say of the model's verdicts: kept, and taken back, in the transaction of the act itself.

a case is answered, by a person or the brand's reply → its complaints are confirmed
a case is dismissed as not a complaint               → its complaints are none
a person tells of a post that the model let pass     → it is one, missed
an answer or a dismissal is taken back               → so is what it said
"""

from sqlalchemy import Connection, Select, delete, exists, insert, literal, select

from alerts.case import Case, Dismissal, Event, dismissal
from monitor.schema import Utc, feedback, mentions, verdicts

CONFIRMED, DISMISSED, MISSED = "confirmed", "dismissed", "missed"


def heed(connection: Connection, case: Case, event: Event) -> None:
    """What an act on a case, which the transaction holds, says of the round's posts that were taken for complaints.

    What people say last counts, but an answer says nothing new of what has been told already.
    """
    posts = _complaints(case)
    if event.kind in ("answered", "brand_reply"):
        told = exists().where(feedback.c.mention_id == mentions.c.id)
        _keep(connection, posts.where(~told), event, CONFIRMED)
    elif event.kind == "dismissed" and dismissal(event) is Dismissal.NOT_A_COMPLAINT:
        connection.execute(delete(feedback).where(feedback.c.mention_id.in_(posts)))
        _keep(connection, posts, event, DISMISSED)
    elif event.kind == "reopened":
        acted = feedback.c.how.in_((CONFIRMED, DISMISSED))
        connection.execute(delete(feedback).where(feedback.c.mention_id.in_(posts), acted))


def missed(connection: Connection, mention_id: int, event: Event) -> None:
    """A person says of a post with a verdict, which the transaction holds, that it is a complaint."""
    connection.execute(delete(feedback).where(feedback.c.mention_id == mention_id))
    _keep(connection, select(mentions.c.id).where(mentions.c.id == mention_id), event, MISSED)


def _complaints(case: Case) -> Select[tuple[int]]:
    return (
        select(mentions.c.id)
        .join(verdicts, verdicts.c.mention_id == mentions.c.id)
        .where(mentions.c.case_id == case.id, mentions.c.posted_at >= case.posted_at, verdicts.c.is_complaint)
    )


def _keep(connection: Connection, posts: Select[tuple[int]], event: Event, how: str) -> None:
    told = select(
        verdicts.c.mention_id,
        literal(how != DISMISSED),
        literal(how),
        literal(event.actor),
        literal(event.at, Utc),
        verdicts.c.model,
        verdicts.c.complaint,
    ).where(verdicts.c.mention_id.in_(posts))
    connection.execute(
        insert(feedback).from_select(["mention_id", "is_complaint", "how", "by", "at", "model", "complaint"], told)
    )
