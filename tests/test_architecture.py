"""Who may import whom, and which room owns which library. Read from the source, imports inside functions included."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "rollback"
NOUNS = {"model", "events", "errors", "text", "private"}
EDGE = NOUNS | {"playbook", "core"}
EVERYTHING = EDGE | {
    "hosts",
    "checks",
    "source",
    "ledger",
    "notify",
    "operation",
    "report",
    "init",
    "dashboard",
    "cli",
    "demo",
}

MAY_IMPORT = {
    "__init__": set[str](),
    "__main__": {"cli"},
    "model": set[str](),
    "errors": set[str](),
    "events": {"model"},
    "text": set[str](),
    "private": set[str](),
    "playbook": NOUNS,
    "core": NOUNS | {"playbook"},
    "hosts": EDGE,
    "checks": EDGE,
    "source": EDGE,
    "ledger": EDGE,
    "notify": EDGE,
    "operation": NOUNS | {"core"},
    "report": NOUNS | {"core"},
    "init": NOUNS | {"playbook", "source", "core", "report"},
    "dashboard": NOUNS | {"core", "report"},
    "cli": EVERYTHING | {"__init__"},
    "demo": EVERYTHING | {"__init__"},
}

# A library that is slow to load, or whose sharp edges one place must know: the files that may import it.
OWNERS = {
    "fabric": ("hosts/link.py",),
    "paramiko": (
        "hosts/link.py",
        "hosts/ssh.py",
        "hosts/jump.py",
        "hosts/forward.py",
        "hosts/identities.py",
        "hosts/keys.py",
        "hosts/ssh_config_reader.py",
    ),
    "git": ("source/command.py",),
    # The first two only name a type: no ledger in a file loads it.
    "sqlalchemy": tuple(map("ledger/{}.py".format, ("database", "place", "schema", "server", "upgrade", "versions/*"))),
    "alembic": ("ledger/upgrade.py", "ledger/versions/*.py"),
    "sqlite3": ("ledger/file.py", "ledger/upgrade.py"),
    "apprise": ("notify/announce.py",),
    "httpx": ("checks/*.py", "demo/*.py", "notify/*.py"),
    "jinja2": ("init/*.py", "report/*.py", "dashboard/*.py", "playbook/wording.py"),
    "starlette": ("dashboard/*.py",),
    "uvicorn": ("dashboard/*.py",),
    "junitparser": ("checks/junit.py", "report/junit.py"),
    "pydantic": ("playbook/*.py", "ledger/codec.py"),
    "ruamel": ("demo/*.py",),
    "yaml": ("playbook/*.py",),
    "rich": ("report/*.py", "cli/*.py", "demo/*.py"),
    "typer": ("cli/*.py",),
    "flask": ("demo/*.py",),
    "tenacity": ("hosts/*.py", "checks/*.py", "notify/ask.py"),
}
STANDARD_ONLY = ("__init__", "__main__", "model", "events", "errors", "text", "private", "core", "operation")

LONGEST = 250  # lines
LONGER = {  # lists, to be read from top to bottom: the nouns, the commands, and the requests
    "hosts/requests.py": 270,
    "model.py": 520,
    "cli/app.py": 480,
}


@dataclass(frozen=True, slots=True)
class Import:
    """path: of the file, inside the package. name: what it imports, dotted."""

    path: str
    line: int
    name: str

    @property
    def room(self) -> str:
        return Path(self.path).parts[0].removesuffix(".py")

    @property
    def top(self) -> str:
        return self.name.split(".")[0]

    def __str__(self) -> str:
        return f"rollback/{self.path}:{self.line} imports {self.name}"


def sources() -> Iterator[tuple[str, ast.Module]]:
    for file in sorted(ROOT.rglob("*.py")):
        yield file.relative_to(ROOT).as_posix(), ast.parse(file.read_text(), str(file))


@cache
def imports() -> tuple[Import, ...]:
    return tuple(Import(path, line, name) for path, tree in sources() for line, name in _imported(tree))


def _imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            # `from rollback import text` names a room, `from rollback.core import plan` a module of one.
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def test_the_table_speaks_of_every_room() -> None:
    rooms = {file.stem for file in ROOT.glob("*.py")} | {folder.parent.name for folder in ROOT.glob("*/__init__.py")}
    assert rooms == set(MAY_IMPORT)


def test_rooms_import_only_what_they_may() -> None:
    ours = [one for one in imports() if one.top == "rollback"]
    assert ours
    assert [str(one) for one in ours if _room_of(one) not in MAY_IMPORT[one.room] | {one.room}] == []


def _room_of(one: Import) -> str:
    """The room that is imported; `from rollback import __version__` is the package's own."""
    room = one.name.removeprefix("rollback.").split(".")[0]
    return room if room in MAY_IMPORT else "__init__"


def test_imports_are_written_in_full() -> None:
    assert [str(one) for one in imports() if one.name.startswith(".")] == []


@pytest.mark.parametrize("library", OWNERS)
def test_a_library_is_imported_only_by_its_owner(library: str) -> None:
    strangers = [one for one in imports() if one.top == library and not _owns(one.path, OWNERS[library])]
    assert [str(one) for one in strangers] == []


def _owns(path: str, owners: tuple[str, ...]) -> bool:
    return any(fnmatchcase(path, owner) for owner in owners)


def test_the_middle_of_the_house_needs_the_standard_library_only() -> None:
    import sys

    ours = {"rollback", "__future__", *sys.stdlib_module_names}
    assert [str(one) for one in imports() if one.room in STANDARD_ONLY and one.top not in ours] == []


@pytest.mark.parametrize("room", ["core", "operation"])
def test_what_decides_neither_prints_nor_reads_the_machine(room: str) -> None:
    """Time, files, processes and words come in as arguments."""
    reaching = {"os", "sys", "time", "random", "pathlib", "subprocess", "socket", "threading", "logging", "io"}
    calls = [call for path, tree in sources() if path.startswith(f"{room}/") for call in _calls(path, tree)]
    assert calls + [str(one) for one in imports() if one.room == room and one.top in reaching] == []


def _calls(path: str, tree: ast.Module, names: frozenset[str] = frozenset({"print", "input", "open"})) -> Iterator[str]:
    for node in ast.walk(tree):
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Name) and called.id in names:
            yield f"rollback/{path}:{called.lineno} calls {called.id}"


# Who may print: secrets are struck and hidden characters shown there, so nobody else has to remember. The demo's own
# prose is fixed, and what it passes on was printed by the commands.
OUTLETS = {"cli/outlet.py", "report/screen.py", "demo/story.py", "demo/stop.py"}
PRINTERS = frozenset({"print", "Console", "echo", "secho"})


def test_there_is_one_way_out() -> None:
    others = [(path, tree) for path, tree in sources() if path not in OUTLETS]
    calls = [call for path, tree in others for call in _calls(path, tree, PRINTERS)]
    assert calls + [found for path, tree in others for found in _streams(path, tree)] == []


def _streams(path: str, tree: ast.Module) -> Iterator[str]:
    """sys.stdout and sys.stderr, and what writes there: `typer.echo`, `traceback.print_exc`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            name = f"{node.value.id}.{node.attr}"
            if name in {"sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__", "typer.echo", "typer.secho"}:
                yield f"rollback/{path}:{node.lineno} uses {name}"
            if name.startswith("traceback.print"):
                yield f"rollback/{path}:{node.lineno} uses {name}"


def test_every_file_is_one_room_and_says_what_it_is_for() -> None:
    lengths = {file.relative_to(ROOT).as_posix(): len(file.read_text().splitlines()) for file in ROOT.rglob("*.py")}
    long = {path: length for path, length in lengths.items() if length > LONGER.get(path, LONGEST)}
    assert (long, [path for path, tree in sources() if tree.body and not ast.get_docstring(tree)]) == ({}, [])
