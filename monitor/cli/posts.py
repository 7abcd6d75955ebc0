"""The commands about posts: which were left out and why, and back with one of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.entrance import DEFAULT, AsJson, ConfigPath, console, opened

if TYPE_CHECKING:
    from rich.console import Console

    from monitor.filtered import LeftOut

MOST_REASONS = 20
"""Lines of the summary; a text that was copied has one of its own."""


def filtered(
    config: ConfigPath = DEFAULT,
    brand: Annotated[str | None, typer.Option(help="Only this brand's.")] = None,
    reason: Annotated[str, typer.Option(help="Only those whose reason begins so: ads, copy, 'copy of p1' …")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many; all are counted.")] = 50,
    restore: Annotated[
        int | None,
        typer.Option(metavar="ID", min=1, max=2**31 - 1, help="Put this post back to be judged; it stays."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The posts that were left out as not for the care team, with the reasons; and `--restore ID` puts one back."""
    with opened(config) as app:
        from monitor.filtered import left_out, reasons
        from monitor.filtered import restore as put_back
        from monitor.views import show_json

        if restore is not None:
            put_back(app.store, restore, app.clock())
            console().print(f"Post {restore} is back: the next tick judges it.", highlight=False)
            return
        posts = left_out(app.store, brand=brand, reason=reason, limit=limit)
        counts = reasons(app.store, brand=brand, reason=reason)
        if as_json:
            show_json(console(), {"reasons": dict(counts), "posts": [_json(post) for post in posts]})
        else:
            _show(console(), posts, counts)


def _json(post: "LeftOut") -> dict[str, object]:
    return {name: getattr(post, name) for name in post.__slots__}


def _show(paper: "Console", posts: Sequence["LeftOut"], counts: Sequence[tuple[str, int]]) -> None:
    from rich.table import Table
    from rich.text import Text

    from alerts.words import line

    if not posts:
        paper.print("No post was left out.")
        return
    table = Table(box=None, header_style="dim", pad_edge=False, expand=True)
    table.add_column("post", justify="right")
    for heading, widest in (("when", 11), ("brand", 10), ("who", 12), ("reason", 14)):
        table.add_column(heading, overflow="fold", max_width=widest)
    table.add_column("what", overflow="ellipsis", no_wrap=True, ratio=1)
    for post in posts:
        words = (post.brand, f"{post.author or 'unknown'} on {post.platform}", post.reason, post.text)
        when = post.posted_at.astimezone().strftime("%m-%d %H:%M")
        table.add_row(str(post.id), when, *(Text(line(word)) for word in words))
    paper.print(table)
    for reason, count in counts[:MOST_REASONS]:
        paper.print(Text(f"{count:>6}  {line(reason)}"))
    rest = counts[MOST_REASONS:]
    if rest:
        paper.print(Text(f"{sum(count for _, count in rest):>6}  for {len(rest)} other reasons"))
