"""Arguments and options that several commands have, each with its type and its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def _duration(text: str | float) -> float:
    """Typer hands in the default, too."""
    from rollback.playbook.types import duration

    return duration(text) if isinstance(text, str) else text


Force = Annotated[
    bool, typer.Option("--force", help="Do it in spite of a refusal that a person may lift.", show_default=False)
]
Cross = Annotated[
    bool,
    typer.Option("--cross-migrations", help="Go back across irreversible migrations, too.", show_default=False),
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept in the ledger.")]
Why = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why; whoever deploys it again is told.", show_default=False)
]
Steal = Annotated[
    str,
    typer.Option("--steal", metavar="OPERATION", help="Take the lease away from this operation.", show_default=False),
]
Wait = Annotated[
    float,
    typer.Option(
        "--wait",
        metavar="DURATION",
        parser=_duration,
        help="Wait up to so long for the lease, e.g. 5m.",
        show_default=False,
    ),
]
Address = Annotated[
    str, typer.Option("--metrics", metavar="ADDRESS", help="For Prometheus, e.g. 127.0.0.1:9464.", show_default=False)
]
For = Annotated[
    float,
    typer.Option("--for", metavar="DURATION", parser=_duration, help="End after so long, e.g. 1h.", show_default=False),
]


def complete_tag(ctx: typer.Context, incomplete: str) -> list[str]:
    """Tags of the repository, for the shell's completion."""
    from rollback.cli.completion import tags

    return [tag for tag in tags(ctx) if tag.startswith(incomplete)]


OfTag = Annotated[
    str | None,
    typer.Option(
        "--tag", metavar="TAG", help="Of this release; globs.", autocompletion=complete_tag, show_default=False
    ),
]
OfAuthor = Annotated[
    str | None,
    typer.Option("--author", metavar="NAME", help="By this login or name in git; globs.", show_default=False),
]
OfOutcome = Annotated[
    str | None, typer.Option("--outcome", metavar="WORD", help="E.g. done, rolled-back.", show_default=False)
]
SinceWhen = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help="E.g. 2026-11-01, or 7d: so long ago.", show_default=False)
]
At = Annotated[
    str | None,
    typer.Option(
        "--at", metavar="TIME", help="When it was, e.g. 09:45, or 10m: so long ago; default: now.", show_default=False
    ),
]
Page = Annotated[bool, typer.Option("--html", help="A page instead, with the picture.", show_default=False)]
Image = Annotated[bool, typer.Option("--svg", help="Only the picture.", show_default=False)]
Port = Annotated[
    int,
    typer.Option(
        "--port", metavar="N", help="On 127.0.0.1; default: a free one.", min=0, max=65535, show_default=False
    ),
]
Every = Annotated[
    float,
    typer.Option(
        "--every",
        metavar="DURATION",
        parser=_duration,
        help="How often to look at the hosts, e.g. 1m; 0s: never; default: 15s.",
        show_default=False,
    ),
]
Actions = Annotated[
    bool,
    typer.Option("--allow-actions", help="Let it roll back, freeze and mark, too.", show_default=False),
]
Export = Annotated[
    Path | None,
    typer.Option("--export", metavar="DIR", help="Write the pages there as files, and end.", show_default=False),
]
Away = Annotated[
    int,
    typer.Option(
        "--allow-unreachable", metavar="N", help="Go on without up to so many hosts.", min=0, show_default=False
    ),
]
Junit = Annotated[
    Path | None,
    typer.Option("--junit", metavar="FILE", help="Write a JUnit report there.", show_default=False),
]
Count = Annotated[int, typer.Option("-l", "--limit", metavar="N", help="How many, newest first.", min=1)]

By = Annotated[
    str, typer.Option("--by", metavar="WHAT", help="A row for each environment, author or week.", show_default=False)
]
Csv = Annotated[bool, typer.Option("--csv", help="A table for other programs.", show_default=False)]
Prometheus = Annotated[
    bool, typer.Option("--prometheus", help="For a pushgateway or a textfile collector.", show_default=False)
]


Tag = Annotated[str, typer.Argument(metavar="TAG", help="The release, e.g. v1.2.0.", autocompletion=complete_tag)]
Live = Annotated[
    str | None,
    typer.Option(
        "--release",
        metavar="TAG",
        help="This one must be live; default: whatever is.",
        autocompletion=complete_tag,
        show_default=False,
    ),
]
Replay = Annotated[
    str | None,
    typer.Option(
        "--replay",
        metavar="OPERATION",
        help="Judge what it found again, with today's limits.",
        show_default=False,
    ),
]
