"""The commands about which posts make a case: one split off, and two cases joined."""

from typing import Annotated

import typer

from monitor.entrance import DEFAULT, By, ConfigPath, console, named, opened

Number = Annotated[int, typer.Argument(metavar="CASE", help="The case's number.", min=1, max=2**31 - 1)]
Post = Annotated[str, typer.Argument(metavar="POST", help="The post's number, its id on the platform or its address.")]
Other = Annotated[int, typer.Argument(metavar="OTHER", help="The case that becomes part of it.", min=1, max=2**31 - 1)]


def split(case_id: Number, post: Post, by: By = "", config: ConfigPath = DEFAULT) -> None:
    """Gives a post that was joined to a case, and what stands in its thread, a case of its own."""
    with opened(config) as app:
        new = app.split(case_id, post, named(by))
        console().print(f"Case {new.id} is {new.state}; it was part of case {case_id}.", highlight=False)


def join(case_id: Number, other: Other, by: By = "", config: ConfigPath = DEFAULT) -> None:
    """Makes OTHER part of CASE: one clock, and an answer in any of the threads is the answer."""
    with opened(config) as app:
        case = app.join(case_id, other, named(by))
        console().print(f"Case {case.id} is {case.state}, with all of case {other}.", highlight=False)
