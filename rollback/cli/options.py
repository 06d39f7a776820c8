"""The options that are the same everywhere, before or after the command's name, each with its environment variable."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Annotated, Any

import typer


@dataclass(frozen=True, slots=True)
class Options:
    """What was given; None means that it was not."""

    playbook: str | None = None
    env: str | None = None
    hosts: str | None = None
    yes: bool | None = None
    dry_run: bool | None = None
    json: bool | None = None
    verbose: bool | None = None
    quiet: bool | None = None
    no_color: bool | None = None

    def over(self, outer: Options | None) -> Options:
        """These, and where nothing was given, those that stood before the command's name."""
        if outer is None:
            return self
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return Options(**{k: getattr(outer, k) if v is None else v for k, v in values.items()})


def complete_environment(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of the playbook's environments, for the shell's completion."""
    from rollback.cli.completion import environments

    return [name for name in environments(ctx) if name.startswith(incomplete)]


def _flag(name: str, *names: str, text: str) -> inspect.Parameter:
    variable = f"ROLLBACK_{name.upper()}"
    option = typer.Option(*names, envvar=variable, help=text, show_default=False, show_envvar=False)
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[bool | None, option]
    )


def _text(name: str, *names: str, text: str, metavar: str, **more: Any) -> inspect.Parameter:
    variable = f"ROLLBACK_{name.upper()}"
    option = typer.Option(*names, envvar=variable, help=text, metavar=metavar, show_envvar=False, **more)
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[str | None, option]
    )


EVERYWHERE = (
    _text(
        "playbook", "-p", "--playbook", text="Which playbook; default: the only one in playbooks/.", metavar="NAME|PATH"
    ),
    _text(
        "env",
        "-e",
        "--env",
        text="Which environment; default: the only one.",
        metavar="NAME",
        autocompletion=complete_environment,
    ),
    _text("hosts", "--hosts", text="Only these hosts: names, commas, globs.", metavar="NAMES"),
    _flag("yes", "-y", "--yes", text="Do not ask."),
    _flag("dry_run", "-n", "--dry-run", text="Show the plan and stop."),
    _flag("json", "--json", text="One JSON object on stdout."),
    _flag("verbose", "-v", "--verbose", text="Say more (ROLLBACK_DEBUG=1: the libraries' logs, too)."),
    _flag("quiet", "-q", "--quiet", text="Say only how it ended."),
    _flag("no_color", "--no-color", text="No colours (also NO_COLOR)."),
)


def with_options(function: Callable[..., Any], run: Callable[[typer.Context, Options, dict[str, Any]], None]) -> Any:
    """A function for typer: `function`'s own parameters (but its first, the options) and those of everywhere."""
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    names = {parameter.name for parameter in EVERYWHERE}

    def command(ctx: typer.Context, **given: Any) -> None:
        options = Options(**{name: given.pop(name) for name in names})
        run(ctx, options.over(ctx.obj), given)

    parameters = [context, *own, *EVERYWHERE]
    command.__name__, command.__doc__ = function.__name__, function.__doc__
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    return command
