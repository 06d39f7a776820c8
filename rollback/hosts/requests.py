"""One function for each verb of the agent: from our nouns to a Request. Pure, and the only place that knows the words.

Times are seconds. Every verb that changes something bears a Turn: the proof of the right, and its place in the order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Protocol

from rollback.hosts.delta import Delta
from rollback.hosts.protocol import Answer, Request, Word
from rollback.hosts.sudo import questions
from rollback.model import Confirm, Host, Release, encode_tag

LOOK = 30.0  # seconds for what only looks or writes a line
PROOF = 5.0  # seconds that a beat of the lease may take
_MARGIN = 10.0  # seconds from the last moment a host may need to our giving up
_KILL = 5.0  # seconds between a command's TERM and its KILL
SLOWEST = 128 * 1024  # bytes a second that an upload must come to
_FETCHED = 4 * 1024**3  # bytes of a release's archive
JOURNALS_CAP = 4 * 1024 * 1024
_JOURNALS = 50  # of 60 KiB at most: together below that cap
Variables = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to change one host, once. number: increases with every request of an operation; a retry keeps its."""

    operation: str
    token: int
    number: int
    ttl: int


class Package(Protocol):
    """What the source room makes of a release: a tar.gz, its sha256 in hex, its manifest, unpacked bytes, entries."""

    @property
    def release(self) -> Release: ...
    @property
    def archive(self) -> Path: ...
    @property
    def digest(self) -> str: ...
    @property
    def manifest(self) -> Path: ...
    @property
    def count(self) -> int: ...
    @property
    def size(self) -> int: ...


class Shared(Protocol):
    """What the playbook shares between releases, as paths below a release."""

    @property
    def dirs(self) -> tuple[str, ...]: ...
    @property
    def files(self) -> tuple[str, ...]: ...


def sight(host: Host) -> Request:
    return Request("sight", _words(host), deadline=LOOK)


def acquire(
    host: Host, operation: str, holder: str, ttl: int, least: int = 0, steal: str | None = None, process: str = "-"
) -> Request:
    """Take the lease, and see what `sight` shows. least: a token known to be used. steal: from this operation only.
    process: which one of the holder's machine it is, as a name that is safe in a shell."""
    who = (("operation", operation), ("holder", encode_tag(holder) or "-"), ("process", process))
    words = (*who, ("ttl", str(ttl)), ("least", str(least)), *_some("steal", steal))
    return Request("acquire", _words(host, *words), deadline=LOOK)


def renew(host: Host, operation: str, token: int, ttl: int) -> Request:
    who = (("operation", operation), ("token", str(token)), ("ttl", str(ttl)))
    return Request("renew", _words(host, *who), deadline=PROOF, repeatable=False)


def give_back(host: Host, operation: str) -> Request:
    return Request("give_back", _words(host, ("operation", operation)), deadline=LOOK)


def stage(host: Host, turn: Turn, package: Package, delta: Delta | None = None, slowest: float = SLOWEST) -> Request:
    """Upload a package; unpacked and compared with its manifest there. delta: only what the host can't copy from a
    release that it has (`unlike`: that one is not as it was). slowest: bytes a second that it must come to."""
    archive = len(delta.archive) if delta else package.archive.stat().st_size
    manifest = len(delta.changes) if delta else package.manifest.stat().st_size
    cover = LOOK + archive / slowest + package.size / SLOWEST
    its = package.release
    who = (*_release(its), ("tag", encode_tag(its.tag)), ("commit", its.commit), ("tree", its.tree))
    lengths = (("manifest", str(manifest)), ("length", str(archive)))
    counted = (*lengths, ("size", str(package.size)), ("count", str(package.count)))
    words = (*who, ("digest", delta.digest if delta else package.digest), *counted)
    if delta:
        words += (("base", delta.base.id), ("whole", delta.whole), ("moment", str(delta.moment)))
    payload = (delta.changes, delta.archive) if delta else (package.manifest, package.archive)
    return replace(_change("stage", host, turn, cover, words, payload), again=rest)


def rest(request: Request, ask: Callable[[Request], Answer]) -> Request:
    """Of a `stage` that was cut off, only what the host says that it lacks. It is not believed: see the digest."""
    root, digest, length = (request.first(key) or "" for key in ("root", "digest", "length"))
    had = ask(Request("sight", (("root", root),), deadline=LOOK)).first("part") or ""
    came = re.fullmatch(rf"{digest} ([0-9]{{1,15}})", had, re.ASCII)
    skip = int(came[1]) if came and int(came[1]) <= int(length) else 0
    return replace(request, words=(*request.words, ("skip", str(skip))), skip=skip) if skip else request


def prepare(
    host: Host, turn: Turn, release: Release, shared: Shared, commands: tuple[str, ...], variables: Variables
) -> Request:
    """Link what is shared, run the commands in the release's folder, seal it complete."""
    seconds = host.ssh.command_timeout
    cover = 2 * LOOK + len(commands) * (seconds + _KILL)
    words = (
        *_release(release),
        ("seconds", _whole(seconds)),
        *(("dir", path) for path in shared.dirs),
        *(("file", path) for path in shared.files),
        *(("run", command) for command in commands),
        *_environment(variables),
    )
    return _change("prepare", host, turn, cover, words)


def migrate(host: Host, turn: Turn, release: Release, up: str, variables: Variables, journal: bytes = b"") -> Request:
    """Run the playbook's migrations in the release's folder. journal: as in `activate`."""
    seconds = host.ssh.command_timeout
    words = (*_release(release), ("seconds", _whole(seconds)), ("text", up), *_left(journal), *_environment(variables))
    return _change("migrate", host, turn, LOOK + seconds + _KILL, words)


def activate(
    host: Host,
    turn: Turn,
    release: Release,
    expected: Iterable[str | None],
    must: str,
    variables: Variables,
    journal: bytes = b"",
    confirm: Confirm | None = None,
) -> Request:
    """Drain, switch, restart. expected: what may be live before (None: nothing). must: `drain` when a drain that fails
    stops it, `switch` when the switch comes first, as on a way back. journal: left on the host before anything is done,
    for whoever finds that we died. confirm: what the host does when it hears nothing of us afterwards."""
    seconds = host.ssh.command_timeout
    cover = LOOK + sum(seconds + _KILL for command in (host.drain, host.restart) if command)
    words = (
        *_release(release),
        *(("from", one or "-") for one in expected),
        ("must", must),
        ("seconds", _whole(seconds)),
        *_some("drain", host.drain),
        *_some("restart", host.restart),
        *_left(journal),
        *(_unconfirmed(host, confirm) if confirm else ()),
        *_environment(variables),
    )
    return _change("activate", host, turn, cover, words)


def _left(journal: bytes) -> tuple[Word, ...]:
    """A word, and not a payload: of a text that was cut off nothing is done at all."""
    return _some("journal", journal.decode("ascii").removesuffix("\n"))


def _unconfirmed(host: Host, confirm: Confirm) -> tuple[Word, ...]:
    record = confirm.records[host.name].decode("ascii").removesuffix("\n")
    return ("confirm", _whole(confirm.within)), ("record", record), *_some("undrain", host.undrain)


def undrain(host: Host, turn: Turn, variables: Variables) -> Request:
    seconds = host.ssh.command_timeout
    words = (("seconds", _whole(seconds)), *_some("undrain", host.undrain), *_environment(variables))
    return _change("undrain", host, turn, LOOK + seconds + _KILL, words)


def finish(host: Host, turn: Turn, journal: bytes, keep: str | None = None) -> Request:
    """Write the journal, drop the intent, give the lease back; `keep`: why intent and lease stay ("stranded")."""
    return _change("finish", host, turn, LOOK, (*_left(journal), *_some("keep", keep)))


def prune(host: Host, turn: Turn, doomed: Iterable[str]) -> Request:
    return _change("prune", host, turn, 10 * LOOK, tuple(("id", one) for one in doomed))


def note(host: Host, operation: str, journal: bytes) -> Request:
    return Request("note", _words(host, ("operation", operation), *_left(journal)), deadline=LOOK)


def journals(host: Host, operations: tuple[str, ...]) -> tuple[Request, ...]:
    """As many requests as their answers need."""
    groups = (operations[start : start + _JOURNALS] for start in range(0, len(operations), _JOURNALS))
    words = (tuple(("id", one) for one in group) for group in groups)
    return tuple(Request("journals", _words(host, *ids), deadline=2 * LOOK, cap=JOURNALS_CAP) for ids in words)


def command(host: Host, text: str, seconds: float, variables: Variables) -> Request:
    """A check's question, in `current`: it may do anything, so it is never asked twice by itself."""
    words = _words(host, ("seconds", _whole(seconds)), ("text", text), *_environment(variables))
    return Request("command", words, deadline=seconds + _KILL + _MARGIN, repeatable=False)


def fetch(host: Host, release: Release, into: IO[bytes]) -> Request:
    """A complete release as one archive, with what was sealed of it. Not asked twice: another host may be quicker."""
    return Request(
        "fetch", _words(host, *_release(release)), deadline=20 * LOOK, cap=_FETCHED, repeatable=False, into=into
    )


def running(host: Host, release: Release) -> Request:
    return Request("running", _words(host, *_release(release)), deadline=LOOK)


def inspect(host: Host, releases: Iterable[Release], shared: Shared) -> Request:
    """Look a host over: its condition, and that of these releases there."""
    rights = (one for one in questions(host.restart) if one.words)
    words = (
        *(("release", one.id) for one in releases),
        *(("file", path) for path in shared.files),
        *(("sudo", "\t".join(one.words)) for one in rights),
    )
    return Request("inspect", _words(host, *words), deadline=4 * LOOK)


def _change(
    verb: str, host: Host, turn: Turn, cover: float, words: Iterable[Word], payload: tuple[bytes | Path, ...] = ()
) -> Request:
    """cover: the longest that the verb may take on the host; the lease is made to last for it."""
    proof = (
        ("operation", turn.operation),
        ("token", str(turn.token)),
        ("number", str(turn.number)),
        ("ttl", str(turn.ttl)),
        ("cover", _whole(cover)),
    )
    return Request(verb, _words(host, *proof, *words), payload, deadline=cover + _MARGIN)


def _words(host: Host, *words: Word) -> tuple[Word, ...]:
    return (("root", host.root), *words)


def _release(release: Release) -> tuple[Word, ...]:
    return (("release", release.id),)


def _some(key: str, value: str | None) -> tuple[Word, ...]:
    return ((key, value),) if value else ()


def _environment(variables: Variables) -> Iterable[Word]:
    return (("env", f"{name}={value}") for name, value in variables.items())


def _whole(seconds: float) -> str:
    return str(max(1, round(seconds)))
