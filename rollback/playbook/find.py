"""Which playbook is meant: `-p NAME|PATH`, or the only file in `playbooks/`, here or above, in the repository."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from rollback.errors import UsageError
from rollback.text import clean_line

_FOLDER = "playbooks"
_ENDINGS = (".yml", ".yaml")
_MANUAL = "reference"  # explains every key; deployed only when it is named


def find(name_or_path: str | None, cwd: Path) -> Path:
    """The playbook's file, absolute. Raises: UsageError saying what to type when there is none, or more than one."""
    folder = _folder(cwd.absolute())
    return _only(folder, cwd) if name_or_path is None else _named(name_or_path, folder, cwd.absolute())


def _folder(cwd: Path) -> Path | None:
    return next((place / _FOLDER for place in _upwards(cwd) if (place / _FOLDER).is_dir()), None)


def _upwards(cwd: Path) -> Iterator[Path]:
    """From here to the repository's top; outside a repository only here, so that no stranger's folder is taken."""
    places = (cwd, *cwd.parents)
    top = next((at for at, place in enumerate(places) if (place / ".git").exists()), 0)
    yield from places[: top + 1]


def home(playbook: Path) -> Path:
    """Where its runbook lies, and its commands are typed: above `playbooks`, or beside it."""
    return playbook.parent.parent if playbook.parent.name == _FOLDER else playbook.parent


def from_home(playbook: Path, path: str) -> str:
    """A file as it is called there, on every machine alike as far as that can be."""
    for top, before in ((home(playbook), ""), (Path.home(), "~/")):
        if Path(path).is_relative_to(top):
            return f"{before}{Path(path).relative_to(top)}"
    return path


def candidates(folder: Path | None) -> tuple[Path, ...]:
    """The playbooks in a folder, by name; the manual is none."""
    files = sorted(folder.iterdir()) if folder else []
    return tuple(one for one in files if one.suffix in _ENDINGS and one.stem != _MANUAL and one.is_file())


def _only(folder: Path | None, cwd: Path) -> Path:
    found = candidates(folder)
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(
            f"there are several playbooks: {_listed(found)}", hint=f"say which: -p {clean_line(found[0].stem)}"
        )
    where = clean_line(str(folder or cwd / _FOLDER))
    raise UsageError(f"there is no playbook in {where}", hint="write a first one: rollback init (or name one: -p PATH)")


def _named(wanted: str, folder: Path | None, cwd: Path) -> Path:
    if not wanted or "\0" in wanted:
        raise UsageError("-p: no playbook is named", hint="-p NAME or -p PATH")
    beside = [folder / f"{wanted}{ending}" for ending in ("", *_ENDINGS)] if folder and "/" not in wanted else []
    try:
        found = next((file for file in (cwd / wanted, *beside) if file.is_file()), None)
    except OSError:  # no file can be called this
        found = None
    if found is None:
        raise _absent(wanted, candidates(folder))
    return found


def _absent(wanted: str, known: tuple[Path, ...]) -> UsageError:
    sentence = f'there is no playbook "{clean_line(wanted, 100)}"'
    if not known:
        return UsageError(f"{sentence}, and no other", hint="write a first one: rollback init (or name one: -p PATH)")
    near = get_close_matches(wanted, [one.stem for one in known], n=1) or [known[0].stem]
    return UsageError(f"{sentence}; there is {_listed(known)}", hint=f"-p {clean_line(near[0])}")


def _listed(files: tuple[Path, ...]) -> str:
    return ", ".join(clean_line(one.stem) for one in files)
