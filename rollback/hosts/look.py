"""What only looks at hosts: needs no lease and changes nothing. Asks, and turns the answers into nouns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from tempfile import TemporaryFile
from typing import IO

from rollback.errors import HostError, OutsideProtocol, SourceError, Unreachable
from rollback.events import Event, Noticed
from rollback.hosts import requests
from rollback.hosts.pool import Lost, Pool
from rollback.hosts.protocol import Answer, Request
from rollback.hosts.reading import Ran, ran, sighting
from rollback.hosts.requests import Package
from rollback.hosts.sentences import sentence
from rollback.model import Host, Release, Sighting
from rollback.text import clean_line

Pack = Callable[[Release, IO[bytes]], Package]  # of what a host streamed; raises SourceError


def seen(pool: Pool, host: Host) -> Sighting:
    """Whatever happens, a Sighting."""
    answer = pool.ask(host.name, requests.sight(host))
    if isinstance(answer, Lost):
        return Sighting(host.name, problem=answer.sentence + (f" ({answer.hint})" if answer.hint else ""))
    try:
        return sighting(host, answer)
    except OutsideProtocol as error:
        return Sighting(host.name, problem=clean_line(str(error)))


def commanded(pool: Pool, host: Host, request: Request) -> Ran:
    """Raises HostError."""
    return ran(_answered(pool, host, request))


def fetched(pool: Pool, host: Host, release: Release, pack: Pack) -> Package:
    """A release that the host has, packed for others. Raises HostError."""
    with TemporaryFile(prefix="rollback-") as came:
        try:
            _answered(pool, host, requests.fetch(host, release, came))
            return pack(release, came)
        except (SourceError, OSError) as error:
            raise HostError(f"{host.name}: {clean_line(str(error))}") from error


def _answered(pool: Pool, host: Host, request: Request) -> Answer:
    answer = pool.ask(host.name, request)
    if isinstance(answer, Lost):
        raise Unreachable(answer.sentence, hint=answer.hint)
    if answer.status == "ok":
        return answer
    said = sentence(answer, host)
    raise OutsideProtocol(f"{host.name}: {said.text}", hint=said.hint)


def journals(
    pool: Pool, hosts: Mapping[str, Host], wanted: Mapping[str, tuple[str, ...]], tell: Callable[[Event], None]
) -> bytes:
    """JSON lines, as far as the hosts answer."""

    def one(name: str) -> bytes:
        answers = [pool.ask(name, request) for request in requests.journals(hosts[name], wanted[name])]
        lost = [answer for answer in answers if isinstance(answer, Lost)]
        for answer in lost[:1]:
            tell(Noticed(f"{name}: its journals could not be read: {answer.sentence}"))
        lines = [line for answer in answers if not isinstance(answer, Lost) for line in answer.all("line")]
        return b"".join(b"%s\n" % line.partition(" ")[2].encode() for line in lines)

    return b"".join(pool.each(tuple(wanted), one))
