"""Tables for other programs: the figures as JSON, and cases and figures as CSV and Parquet."""

import csv
from collections.abc import Iterable, Iterator
from io import BytesIO, StringIO
from itertools import accumulate, islice
from typing import Annotated, Any

from fastapi import FastAPI, Query
from pydantic import BaseModel
from starlette.responses import Response, StreamingResponse

from monitor import inbox
from monitor.app import App
from monitor.figures import Figures, sheet
from monitor.web import shapes
from monitor.web.wishes import Days, Wanted

PARQUET = "application/vnd.apache.parquet"
PORTION = 2000
"""Rows of a Parquet file that are in memory at once."""


def add_exports(made: FastAPI, app: App, reading: Any, responses: dict[int | str, dict[str, Any]]) -> None:
    """The calls under which programs fetch tables."""
    more: dict[str, Any] = {"dependencies": [reading], "tags": ["read"]}

    def table(kind: str, what: str) -> dict[str, Any]:
        answers = responses | {200: {"content": {kind: {}}, "description": what}}
        return more | {"responses": answers, "response_class": Response}

    def figures(wanted: Days) -> list[shapes.Figures]:
        now, zone = app.clock(), app.config.digest.clock
        found = sheet(app.store, wanted.asked(zone, now), now, app.customers.tier)
        return [_figures(each, wanted.by) for each in (found.groups if wanted.by else (found.all,))]

    @made.get("/metrics", responses=responses, **more)
    def metrics(wanted: Annotated[Days, Query()]) -> list[shapes.Figures]:
        """The metrics of whole days, in all or parted; what each means stands in docs/metrics.md."""
        return figures(wanted)

    @made.get("/metrics.csv", **table("text/csv", "A line for each group."))
    def metrics_csv(wanted: Annotated[Days, Query()]) -> Response:
        """The same as a table for spreadsheets."""
        paper = StringIO()
        rows = csv.DictWriter(paper, list(shapes.Figures.model_fields))
        rows.writeheader()
        rows.writerows({name: cell(value) for name, value in each.model_dump().items()} for each in figures(wanted))
        return Response(paper.getvalue(), media_type="text/csv; charset=utf-8", headers=_file("metrics.csv"))

    @made.get("/metrics.parquet", **table(PARQUET, "A row for each group."))
    def metrics_parquet(wanted: Annotated[Days, Query()]) -> Response:
        """The same for pandas, Polars and DuckDB."""
        return Response(_parquet(shapes.Figures, figures(wanted)), media_type=PARQUET, headers=_file("metrics.parquet"))

    @made.get("/cases.parquet", **table(PARQUET, "A row for each case, by number."))
    def cases_parquet(wanted: Annotated[Wanted, Query()]) -> Response:
        """All cases that are wanted, for pandas, Polars and DuckDB; texts stand as they were written."""
        now = app.clock()
        found = (shapes.entry(each, now) for each in inbox.every_entry(app.store, wanted.filter, now))
        written = BytesIO(_parquet(shapes.Entry, found))
        return StreamingResponse(
            iter(lambda: written.read(64_000), b""), media_type=PARQUET, headers=_file("cases.parquet")
        )


def cell(value: Any) -> Any:
    """What a spreadsheet may show: a stranger's text is no formula, whatever it begins with."""
    if isinstance(value, list):
        value = ", ".join(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _figures(found: Figures, by: str) -> shapes.Figures:
    posts, target = found.posts, found.target
    seconds = {
        "first_reply_median": found.replies.within(0.5), "first_reply_p90": found.replies.within(0.9),
        "detection_median": found.detection.quantile(0.5), "detection_p90": found.detection.quantile(0.9),
        "alert_median": found.alert.quantile(0.5), "alert_p90": found.alert.quantile(0.9),
    }  # fmt: skip
    return shapes.Figures(
        by=by,
        group=found.group,
        posts=posts.posts if posts else None,
        complaint_rate=posts.rate if posts else None,
        complaints=len(target.all),
        in_time=len(target.in_time),
        late=len(target.late),
        overdue=len(target.overdue),
        pending=len(target.pending),
        answered_in_time=target.share.value,
        reopened=len(found.reopened.part),
        dismissed=len(found.dismissed.part),
        precision=found.precision.value,
        **{name: None if length is None else length.total_seconds() for name, length in seconds.items()},
    )


def _file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _parquet(shape: type[BaseModel], rows: Iterable[BaseModel]) -> bytes:
    """A file with a column for each field of the shape."""
    from arro3.core import Field, RecordBatchReader, Schema
    from arro3.io import write_parquet

    schema = Schema([Field(name, _kind(str(field.annotation))) for name, field in shape.model_fields.items()])
    written = BytesIO()
    batches = _batches(schema, rows)
    write_parquet(RecordBatchReader.from_batches(schema, batches), written, compression="snappy")
    return written.getvalue()


def _batches(schema: Any, rows: Iterable[BaseModel]) -> Iterator[Any]:
    from arro3.core import RecordBatch

    rest = iter(rows)
    while portion := [row.model_dump() for row in islice(rest, PORTION)]:
        columns = [_column([row[field.name] for row in portion], field.type) for field in schema]
        yield RecordBatch.from_arrays(columns, schema=schema)


def _column(values: list[Any], kind: Any) -> Any:
    from arro3.core import Array, DataType, list_array

    if DataType.is_timestamp(kind):
        whole = [value and round(value.timestamp() * 1_000_000) for value in values]
        return Array(whole, type=DataType.int64()).cast(kind)
    if DataType.is_list(kind):
        ends = [0, *accumulate(map(len, values))]
        inner = Array([each for value in values for each in value], type=DataType.utf8())
        return list_array(Array(ends, type=DataType.int32()), inner, type=kind)
    return Array([str(value) if isinstance(value, str) else value for value in values], type=kind)


def _kind(annotation: str) -> Any:
    """The column's type for a field's."""
    from arro3.core import DataType

    for word, kind in (
        ("list", DataType.list(DataType.utf8())),
        ("datetime", DataType.timestamp("us", tz="UTC")),
        ("bool", DataType.bool()),
        ("int", DataType.int64()),
        ("float", DataType.float64()),
    ):
        if word in annotation:
            return kind
    return DataType.utf8()
