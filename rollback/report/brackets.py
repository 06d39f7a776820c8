"""Templates of files that have braces of their own, as playbooks and what quotes them: `[[ ]]` and `[% %]` are ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def rendered(template: Path, filters: dict[str, Callable[..., str]], **values: object) -> str:
    """Everything that a template names must be there."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    renderer = Environment(
        loader=FileSystemLoader(template.parent),
        undefined=StrictUndefined,
        variable_start_string="[[",
        variable_end_string="]]",
        block_start_string="[%",
        block_end_string="%]",
        comment_start_string="[#",
        comment_end_string="#]",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    renderer.filters |= filters
    return renderer.get_template(template.name).render(**values)
