"""What one release has and another has not: commits, files, migrations, and the playbook itself. Asks git, no host."""

from __future__ import annotations

from pathlib import Path

from rollback.cli.options import Options
from rollback.cli.reply import Reply
from rollback.cli.session import Session
from rollback.errors import SourceError
from rollback.model import Between, Release
from rollback.report.diff import Diff, Setting, lines, sentence


def diff(options: Options, old: str, new: str) -> Reply:
    with Session(options) as session:
        repository, tags = session.repository, session.playbook.tags
        found = _diff(session, repository.release(old, tags), repository.release(new, tags))
        return Reply(found, lines(found), 0, sentence(found), "rollback releases")


def _diff(session: Session, old: Release, new: Release) -> Diff:
    """Raises SourceError when git lacks one of them."""
    repository = session.repository
    changed, lost = repository.changed(old, new), repository.changed(new, old)
    if changed is None or lost is None:
        said = f"git can't tell what lies between {old.tag} and {new.tag}: not all of it is here, as in a shallow clone"
        raise SourceError(said, hint="git fetch --unshallow --tags")
    name = _name(session)
    book = _playbook(session, old, new, name) if name else None
    return Diff(old, new, changed, lost.count, _migrations(session, old, new), name, book)


def _migrations(session: Session, old: Release, new: Release) -> Between | None:
    its = session.playbook.migrations
    return session.repository.migrations(old, new, its.path, its.irreversible) if its else None


def _name(session: Session) -> str:
    """The playbook's path in the repository; "" when it is kept elsewhere."""
    file, top = session.playbook.file.resolve(), Path(session.repository.folder).resolve()
    return file.relative_to(top).as_posix() if file.is_relative_to(top) else ""


def _playbook(session: Session, old: Release, new: Release, name: str) -> tuple[Setting, ...] | None:
    from rollback.playbook.compare import differences

    before, after = (session.repository.text(one, name) for one in (old, new))
    if before is None and after is None:
        return None
    return differences(before or b"", after or b"")
