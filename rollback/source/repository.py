"""A git repository that is only read: its release tags, pinned, and what lies between two of them.

A user's string never reaches git as an option, a revision or a URL: tags are looked up by their exact name in a
listing, and everything after that goes by object id.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rollback.core.changed import Changed
from rollback.errors import Refused, SourceError, UnknownTag
from rollback.model import Between, Release
from rollback.source import changed, commits, migrations
from rollback.source.command import Said, run
from rollback.source.commits import Commits
from rollback.source.refs import kind, listed, parsed, pinned
from rollback.source.tags import Tag, matches, nearest, newest_first
from rollback.text import clean_line

_OBJECT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
SUBJECTS = 50  # of commits between two releases
FILES = 500
LONG = 1800.0  # seconds for an archive: filters (LFS) and partial clones may have to fetch it


@dataclass(frozen=True, slots=True)
class Changes:
    """What is in the new release and not in the old one. commits: how many; subjects: of the newest 50, cleaned;
    files: at most 500 names that differ, cleaned. All empty when it is unknown."""

    commits: int = 0
    subjects: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Repository:
    """See `open`. folder: its top (git takes some commands as being about the folder they are given in), or, with
    no work tree around the path, its git folder."""

    folder: Path
    bare: bool
    shallow: bool

    @classmethod
    def open(cls, path: Path) -> Repository:
        """The repository around a path. Raises SourceError: none there, not ours to read, empty, or no git."""
        folder = Path(os.path.realpath(path))  # without a `..`: that is what git compares safe.directory with
        if not os.access(f"{folder}/.", os.X_OK):  # Path.is_dir raises where we may not look
            raise SourceError(f"there is no folder {clean_line(str(folder))}", hint="set `repository:` in the playbook")
        said = run(folder, "rev-parse", "--is-inside-work-tree", "--is-shallow-repository")
        if not said.ok:
            raise _not_a_repository(folder, said)
        worked, shallow = (answer == b"true" for answer in said.output.split())
        top = run(folder, "rev-parse", "--show-toplevel" if worked else "--absolute-git-dir").output
        _require_a_commit(folder)
        return cls(Path(os.fsdecode(top[:-1])), not worked, shallow)

    def releases(self, pattern: str) -> tuple[Release, ...]:
        """Every tag that matches the playbook's `tags` and names a commit, newest first."""
        wanted = newest_first(tag for tag in self._tags() if matches(tag.name, pattern))
        return tuple(release for release in pinned(self.folder, wanted) if release is not None)

    def release(self, tag: str, pattern: str) -> Release:
        """The tag, pinned. Raises UnknownTag, Refused (not a release by the pattern, or not a commit), SourceError."""
        known = {one.name: one for one in self._tags()}
        if tag not in known:
            raise self._unknown(tag, [name for name in known if matches(name, pattern)])
        if not matches(tag, pattern):
            sentence = f"the tag {clean_line(tag)} is not a release: it does not match tags: {clean_line(pattern)!r}"
            raise Refused(sentence, hint="tag the commit with a name that matches, or change `tags:` in the playbook")
        (release,) = pinned(self.folder, (known[tag],))
        if release is None:
            raise self._no_commit(known[tag])
        return release

    def has(self, release: Release) -> bool:
        """Is its commit here?"""
        return run(self.folder, "cat-file", "-e", f"{release.commit}^{{commit}}").ok

    def dirty(self) -> bool:
        """Does the work tree differ from its last commit? What is deployed is the tag, whatever this says."""
        if self.bare:
            return False
        said = run(self.folder, "status", "--porcelain", "-z", "--untracked-files=no", "--ignore-submodules=all")
        return bool(said.output)

    def between(self, old: str, new: str) -> Changes:
        """What commit `new` has and `old` has not; empty when either is not here."""
        if not (_OBJECT_ID.fullmatch(old) and _OBJECT_ID.fullmatch(new)):
            return Changes()
        reach = f"{old}..{new}"
        count = run(self.folder, "rev-list", "--count", reach)
        log = run(self.folder, "log", "-z", "--format=%s", "--encoding=UTF-8", f"--max-count={SUBJECTS}", reach)
        names = run(
            self.folder, "diff", "--name-only", "-z", "--no-renames", "--no-relative", "--no-ext-diff", old, new
        )
        if not (count.ok and log.ok and names.ok):
            return Changes()
        files = _lines(names.output)[:FILES]
        return Changes(int(count.output), _lines(log.output), files)

    def changed(self, old: Release, new: Release) -> Changed | None:
        """The same in full, with authors and lines; None when git can't tell. See source/changed.py."""
        known = _OBJECT_ID.fullmatch(old.commit) and _OBJECT_ID.fullmatch(new.commit)
        return changed.changed(self.folder, old.commit, new.commit) if known else None

    def text(self, release: Release, path: str) -> bytes | None:
        """A file of its tree; None when there is none. path: from the repository's top."""
        said = run(self.folder, "cat-file", "blob", f"{release.commit}:{path}")
        return said.output if said.ok else None

    def commits(self, base: str | None, wanted: Iterable[str]) -> Commits:
        """Those that one of `wanted` has and `base` has not; see source/commits.py."""
        return commits.since(self.folder, base, wanted, shallow=self.shallow)

    def migrations(self, old: Release, new: Release, path: str, irreversible: str) -> Between:
        """Which of the files below `path` differ; see source/migrations.py."""
        return migrations.between(self.folder, old, new, path, irreversible)

    def holds(self, release: Release, path: str) -> bool:
        """Has its tree anything at this path?"""
        said = run(self.folder, "--literal-pathspecs", "ls-tree", "--full-tree", "-z", release.commit, "--", path)
        return bool(said.output)

    def archive(self, release: Release, tar: Path) -> None:
        """Writes the release's tree as a tar, by its own export-ignore and export-subst. Raises SourceError."""
        said = run(self.folder, "archive", "--format=tar", f"--output={tar.absolute()}", release.commit, deadline=LONG)
        if not said.ok:
            sentence = f"git can't give the tree of {clean_line(release.tag)}: {said.complaint}"
            raise SourceError(sentence, hint=self._git("fetch", "--depth", "1", "origin", "tag", release.tag))

    def moment(self, release: Release) -> int:
        """When the release was committed: seconds since 1970."""
        return max(0, int(run(self.folder, "log", "-1", "--format=%ct", release.commit).output or 0))

    def submodules(self, release: Release) -> tuple[str, ...]:
        """The names of folders that are other repositories, cleaned."""
        listed = run(self.folder, "ls-tree", "-r", "-z", "--full-tree", release.commit).output.split(b"\0")
        return tuple(clean_line(line.partition(b"\t")[2]) for line in listed if line.startswith(b"160000 "))

    def _tags(self) -> tuple[Tag, ...]:
        said = listed(self.folder)
        if not said.ok:
            raise SourceError(f"git can't list the tags of {self._shown}: {said.complaint}", hint=self._git("fsck"))
        return parsed(said.output)

    def _unknown(self, tag: str, names: list[str]) -> UnknownTag:
        close = nearest(tag, names)
        fetch = (
            self._git("fetch", "--depth", "1", "origin", "tag", tag) if self.shallow else self._git("fetch", "--tags")
        )
        meant = f"did you mean {' or '.join(close)}? Otherwise: " if close else "if it was pushed: "
        return UnknownTag(f"there is no tag {clean_line(tag)} in {self._shown}", hint=meant + fetch)

    def _no_commit(self, tag: Tag) -> Refused:
        shown = clean_line(tag.name)
        if kind(self.folder, tag.object) in {"tree", "blob", "tag"}:
            return Refused(f"the tag {shown} does not name a commit", hint="tag a commit")
        sentence = f"what the tag {shown} names is missing from {self._shown}"
        return SourceError(sentence, hint=self._git("fetch", "--depth", "1", "origin", "tag", tag.name))

    def _git(self, *words: str) -> str:
        """A command to type."""
        return clean_line(shlex.join(["git", "-C", str(self.folder), *words]))

    @property
    def _shown(self) -> str:
        return clean_line(str(self.folder))


def _lines(output: bytes) -> tuple[str, ...]:
    return tuple(clean_line(line) for line in output.split(b"\0") if line)


def _require_a_commit(folder: Path) -> None:
    if (
        not run(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").ok
        and not run(folder, "for-each-ref").output
    ):
        where = clean_line(str(folder))
        raise SourceError(f"the repository {where} has no commits yet", hint="git commit, then git tag v1.0.0")


def _not_a_repository(folder: Path, said: Said) -> SourceError:
    where = clean_line(str(folder))
    if "dubious ownership" in said.complaint:
        trust = shlex.join(["git", "config", "--global", "--add", "safe.directory", where])
        return SourceError(f"git does not trust {where}: it belongs to another user", hint=trust)
    if "not a git repository" in said.complaint:
        begin = "set `repository:` in the playbook, or begin one: git init"
        return SourceError(f"there is no git repository around {where}", hint=begin)
    return SourceError(
        f"git can't read the repository {where}: {said.complaint}", hint=f"git -C {shlex.quote(where)} status"
    )
