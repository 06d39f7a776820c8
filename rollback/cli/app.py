"""The command tree. Light: a command's room is imported when it is called, so that `--help` answers at once."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from rollback.cli import outlet, tree
from rollback.cli.arguments import (
    Actions,
    Address,
    At,
    Away,
    By,
    Count,
    Cross,
    Csv,
    Every,
    Export,
    For,
    Force,
    Image,
    Junit,
    Live,
    OfAuthor,
    OfOutcome,
    OfTag,
    Page,
    Port,
    Prometheus,
    Reason,
    Replay,
    SinceWhen,
    Steal,
    Tag,
    Wait,
    Why,
    complete_tag,
)
from rollback.cli.options import Options, with_options
from rollback.cli.reply import Reply, answer

app = typer.Typer(
    cls=tree.Tree,
    invoke_without_command=True,
    no_args_is_help=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _run(name: str, function: Callable[..., Reply]) -> Callable[[typer.Context, Options, dict[str, Any]], None]:
    def run(_: typer.Context, options: Options, given: dict[str, Any]) -> None:
        from rollback.cli.logs import guard

        guard(options)
        raise typer.Exit(answer(name, function, options, given))

    return run


def _command(function: Callable[..., Reply]) -> Callable[..., Reply]:
    name = function.__name__.rstrip("_")
    tree.command(name, lambda: with_options(function, _run(name, function)))
    return function


def _call(room: str, name: str, *arguments: Any) -> Reply:
    reply: Reply = getattr(importlib.import_module(f"rollback.cli.{room}"), name)(*arguments)
    return reply


def _version(wanted: bool) -> None:
    if wanted:
        from rollback import __version__

        outlet.line(f"rollback {__version__}")
        raise typer.Exit


def _bare(
    options: Options,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="TAG", help="This release, not the last known-good one.", autocompletion=complete_tag
        ),
    ] = None,
    force: Force = False,
    cross: Cross = False,
    why: Why = "",
    steal: Steal = "",
    wait: Wait = 0.0,
    version: Annotated[  # noqa: ARG001 its callback answers
        bool, typer.Option("--version", help="Say the version.", is_eager=True, callback=_version, show_default=False)
    ] = False,
) -> Reply:
    """Back to the last known-good release (or --to TAG): shows the plan, asks, does it, verifies it.

    With a command: see `rollback COMMAND -h`. Exit codes: 0 done and verified; 2 wrong usage; 3 refused; 4 the lease is
    held; 5 failed before anything live changed; 10 bad, and rolled back; 11 bad, left live; 12 stranded; 13 held;
    14 partial.
    """
    return _call("change", "rollback", options, to, _terms(steal, wait, force=force, cross=cross, reason=why))


def _terms(steal: str, wait: float, **more: Any) -> Any:
    from rollback.cli.wanted import Terms

    return Terms(steal=(steal,) if steal else (), wait=wait, **more)


def _root(ctx: typer.Context, options: Options, given: dict[str, Any]) -> None:
    ctx.obj = options
    if ctx.invoked_subcommand is None:
        _run("rollback", _bare)(ctx, options, given)
    if any(given[name] for name in ("to", "force", "cross", "why", "steal", "wait")):
        said = "--to, --force, --cross-migrations, --reason, --steal and --wait stand after the command they belong to"
        raise typer.BadParameter(said, ctx)


app.callback()(with_options(_bare, _root))


@_command
def deploy(
    options: Options,
    tag: Tag,
    force: Force = False,
    steal: Steal = "",
    wait: Wait = 0.0,
    away: Away = 0,
    junit: Junit = None,  # noqa: ARG001 whoever prints the answer writes it
) -> Reply:
    """Deploy a release tag and verify it; roll back when it is bad."""
    return _call("change", "deploy", options, tag, _terms(steal, wait, force=force, away=away))


@_command
def resume(options: Options, cross: Cross = False, steal: Steal = "", wait: Wait = 0.0) -> Reply:
    """Finish or undo what an interrupted operation left.

    Also brings hosts that were away to where the others are."""
    return _call("change", "resume", options, _terms(steal, wait, cross=cross))


@_command
def drill(options: Options, steal: Steal = "", wait: Wait = 0.0) -> Reply:
    """Rehearse a rollback on an environment (-e NAME).

    Goes to the fallback and back again, with full verification, counts a user's failed requests, and records how long
    it took."""
    return _call("drill", "drill", options, _terms(steal, wait))


@_command
def unlock(
    options: Options,
    operation: Annotated[
        str | None, typer.Argument(metavar="OPERATION", help="Whose lease, or the start of its id; default: any.")
    ] = None,
) -> Reply:
    """Take a lease away from an operation.

    Shows whose it is and how old, and asks. Whoever holds it stops where it is."""
    return _call("lease", "unlock", options, operation)


@_command
def status(options: Options) -> Reply:
    """Per host: live, lease, unfinished work; and the fallback."""
    return _call("look", "status", options)


@_command
def releases(options: Options) -> Reply:
    """Releases on the hosts, and their verdicts."""
    return _call("look", "releases", options)


@_command
def history(
    options: Options,
    limit: Count = 20,
    tag: OfTag = None,
    author: OfAuthor = None,
    outcome: OfOutcome = None,
    since: SinceWhen = None,
) -> Reply:
    """What was done, by whom, and how it ended.

    Of every environment, or of one (-e NAME)."""
    from rollback.core.past import Wanted

    return _call("look", "history", options, limit, Wanted(tag, author, outcome), since)


@_command
def show(
    options: Options,
    operation: Annotated[str, typer.Argument(metavar="OPERATION", help="Its id, the start of it, or 'last'.")] = "last",
) -> Reply:
    """One operation: its steps, findings and outcome."""
    return _call("look", "show", options, operation)


@_command
def diff(
    options: Options,
    old: Annotated[str, typer.Argument(metavar="OLD", help="A release's tag.", autocompletion=complete_tag)],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Another's.", autocompletion=complete_tag)],
) -> Reply:
    """What the second release has that the first has not.

    Commits, files, migrations, and what changed in the playbook: git is asked, no host."""
    return _call("diff", "diff", options, old, new)


@_command
def check(options: Options) -> Reply:
    """Ready to deploy, and to roll back?

    Looks every host over: SSH, lease, tools, disk, clock, sudo, shared files, the fallback. Changes nothing.
    """
    return _call("check", "check", options)


@_command
def verify(
    options: Options,
    replay: Replay = None,
    junit: Junit = None,  # noqa: ARG001 whoever prints the answer writes it
) -> Reply:
    """Run the checks on what is live; change nothing."""
    return _call("verify", "verify", options, replay)


@_command
def gate(
    options: Options,
    release: Live = None,
    junit: Junit = None,  # noqa: ARG001 whoever prints the answer writes it
) -> Reply:
    """For CI, after any deploy: verify, mark, roll back.

    Stands what is live through the gate and records the verdict; a bad release is rolled back when the policy says
    auto_rollback: on. Exit codes: 0 good; 10 bad, and rolled back; 11 bad, left live; 12 stranded; 13 held; 14 partial.
    """
    return _call("gate", "gate", options, release)


@_command
def watch(
    options: Options,
    metrics: Address = "",
    lasting: For = 0.0,
) -> Reply:
    """Keep asking; say when good becomes bad.

    Asks the checks of the watch again and again, serves metrics, and rolls back by itself as long after a deploy as
    verify.watch.rollback_within says."""
    return _call("watch", "watch", options, metrics, lasting)


@_command
def metrics(
    options: Options,
    since: SinceWhen = None,
    by: By = "",
    csv: Csv = False,
    prometheus: Prometheus = False,
) -> Reply:
    """How well delivery goes, by DORA's five metrics.

    Deployment frequency, lead time, change fail rate, recovery time, rework; and how long rollbacks took to detect,
    decide, execute and verify. From the ledger and the repository, of the last 90 days; no host is asked."""
    from rollback.cli.delivery import Format

    return _call("delivery", "delivery", options, since, by, Format(csv, prometheus))


@_command
def dashboard(
    options: Options,
    port: Port = 0,
    every: Every = 15.0,
    allow_actions: Actions = False,
    export: Export = None,
) -> Reply:
    """The same as a web page, on this machine only.

    Prints a link; reads, and changes nothing, unless --allow-actions. --export writes the pages as files, and ends."""
    return _call("dashboard", "dashboard", options, port, every, allow_actions, export)


@_command
def mark(
    options: Options,
    grade: Annotated[str, typer.Argument(metavar="good|bad")],
    tag: Tag,
    reason: Reason,
) -> Reply:
    """A person's verdict on a release.

    `bad` quarantines its commit: it is neither deployed nor chosen as fallback. `good` lifts that."""
    return _call("keep", "mark", options, grade, tag, reason)


@_command
def freeze(options: Options, reason: Reason) -> Reply:
    """Refuse every deploy to the environment, until it is unfrozen.

    Rolling back and resuming stay possible; `deploy --force` goes ahead once."""
    return _call("freeze", "freeze", options, reason)


@_command
def unfreeze(options: Options, reason: Reason) -> Reply:
    """Let deploys to the environment go ahead again."""
    return _call("freeze", "unfreeze", options, reason)


@_command
def note(
    options: Options,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What happened, in a sentence.")],
    at: At = None,
) -> Reply:
    """Add to the incident's timeline what no check saw."""
    return _call("postmortem", "note", options, text, at)


@_command
def postmortem(
    options: Options,
    operation: Annotated[
        list[str] | None,
        typer.Argument(metavar="OPERATION", help="Of these; default: the last incident.", show_default=False),
    ] = None,
    html: Page = False,
    svg: Image = False,
) -> Reply:
    """The incident's report, filled in from the ledger.

    Markdown in five parts; what the ledger can't know is marked TODO(human)."""
    return _call("postmortem", "postmortem", options, tuple(operation or ()), html, svg)


@_command
def notify(
    options: Options,
    test: Annotated[bool, typer.Option("--test", help="Tell each of them something.", show_default=False)] = False,
) -> Reply:
    """Whom the environment tells what happens, and a trial of it."""
    return _call("notify", "notify", options, test)


@_command
def prune(options: Options) -> Reply:
    """Delete the releases that nothing needs."""
    return _call("keep", "prune", options)


@_command
def ledger(
    options: Options,
    action: Annotated[str, typer.Argument(metavar="upgrade|sync|export|import|verify")],
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="To export to, or import from; -: a pipe.")
    ] = None,
) -> Reply:
    """The ledger itself: its tables, union, copies and proof.

    upgrade: brings its tables to this version. sync: learns what the hosts remember, and tells them. export, import:
    JSON Lines. verify: follows the chain of records; exit code 3 when one was changed or is missing."""
    return _call("ledger", "ledger", options, action, file)


@_command
def init(
    options: Options,
    host: Annotated[list[str] | None, typer.Option("--host", metavar="NAME", help="A host; may be repeated.")] = None,
    app: Annotated[
        str | None, typer.Option("--app", metavar="NAME", help="The app's name; default: the repository's.")
    ] = None,
) -> Reply:
    """Write a first playbook and runbook.

    Looks at this repository: what kind of app it is, its tags, a health route."""
    return _call("first", "init", options, tuple(host or ()), app)


@_command
def runbook(
    options: Options,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 3 when it no longer matches.", show_default=False)
    ] = False,
    stdout: Annotated[bool, typer.Option("--stdout", help="Print it instead.", show_default=False)] = False,
) -> Reply:
    """Write this playbook's part of RUNBOOK.md.

    Its real hosts, commands, checks and contacts, and what to type when; a block between two markers, and what stands
    outside of it is kept."""
    return _call("runbook", "write", options, check, stdout)


@_command
def schema(options: Options) -> Reply:
    """The playbook's JSON Schema, for editors."""
    return _call("first", "schema", options)


@_command
def demo(
    options: Options,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the demo's world running afterwards.", show_default=False)
    ] = False,
) -> Reply:
    """Replay the incident on this machine.

    Real sshd hosts (--hosts N of them), a real Flask app, a real load balancer."""
    return _call("first", "demo", options, keep)
