"""What a host sent of a release, made a package: nothing that is not as it was sealed, nothing that would do harm."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping

import pytest

from rollback.errors import SourceError
from rollback.model import Release
from rollback.source.carried import carried
from rollback.source.manifest import Entry, Sort, read, write

V1 = Release("v1/x", "a" * 40, "b" * 40)
APP = b"print()\n"
Member = tuple[str, bytes, str]  # name, type, link's target


def file(name: str) -> Member:
    return (name, tarfile.REGTYPE, "")


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> Member:
    return (name, kind, target)


def sealed(*paths: str, mode: int = 0o444) -> Mapping[str, bytes]:
    """The statement of a host that these files hold APP."""
    entries = write(Entry(Sort.FILE, path, mode, len(APP), hashlib.sha256(APP).hexdigest()) for path in paths)
    return {f".rollback/complete/{V1.id}": b"v1%2Fx " + b"a" * 40 + b" " + b"b" * 40 + b"\n" + entries}


def sent(*members: Member, texts: Mapping[str, bytes] = sealed("app"), mode: int = 0o444) -> io.BytesIO:
    """The members' names are below the release's folder."""
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w:gz", format=tarfile.GNU_FORMAT) as archive:
        for name, text in texts.items():
            archive.addfile(info(name, tarfile.REGTYPE, "", len(text)), io.BytesIO(text))
        for name, kind, target in members:
            size = len(APP) if kind == tarfile.REGTYPE else 0
            archive.addfile(info(f"releases/{V1.id}/{name}", kind, target, size, mode), io.BytesIO(APP))
    into.seek(0)
    return into


def info(name: str, kind: bytes, target: str, size: int, mode: int = 0o444) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.size, made.mode, made.mtime = kind, target, size, mode, 77
    return made


def shown(came: io.BytesIO) -> list[tuple[str, str, int, str]]:
    entries = read(carried(V1, came).manifest.read_bytes())
    return [
        (str(entry.sort), entry.path, entry.mode, entry.content if entry.sort is Sort.LINK else "") for entry in entries
    ]


def test_it_is_packed_as_its_owner_may_write_it() -> None:
    came = sent(file("app"), ("lib", tarfile.DIRTYPE, ""), link("lib/python", "/usr/bin/python3"))
    assert shown(came) == [("f", "app", 0o644, ""), ("d", "lib", 0o644, ""), ("l", "lib/python", 0, "/usr/bin/python3")]


def test_its_files_keep_their_time() -> None:
    with tarfile.open(carried(V1, sent(file("app"))).archive) as archive:
        assert [member.mtime for member in archive] == [77]


def test_what_every_host_makes_itself_is_left_out() -> None:
    came = sent(file("app"), file("REVISION"), link("log", "../../shared/log"), link("a/b", "../../../shared/b"))
    assert shown(came) == [("d", "a", 0o755, ""), ("f", "app", 0o644, "")]


def test_a_hard_link_becomes_a_file() -> None:
    came = sent(file("app"), link("twin", f"releases/{V1.id}/app", tarfile.LNKTYPE))
    assert shown(came) == [("f", "app", 0o644, ""), ("f", "twin", 0o644, "")]


def test_special_permission_bits_are_dropped() -> None:
    came = sent(file("app"), texts=sealed("app", mode=0o555), mode=0o6555)
    assert shown(came) == [("f", "app", 0o755, "")]


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ([file("other")], "v1/x is damaged there: 1 entries differ from its manifest, one is app"),
        ([link("app", "other")], "v1/x is damaged there: 1 entries differ from its manifest, one is app"),
        ([file("app"), file("../../../etc/x")], "would be unpacked outside its folder"),
        ([file("app"), link("d", "/etc"), file("d/x")], "d/x passes through d, which is no folder"),
        ([file("app"), ("pipe", tarfile.FIFOTYPE, "")], "pipe is neither file, folder nor link"),
        ([file("app"), link("x", "nothing", tarfile.LNKTYPE)], "is a hard link to nothing"),
    ],
)
def test_what_is_not_as_it_was_sealed_or_would_do_harm_is_refused(members: list[Member], sentence: str) -> None:
    with pytest.raises(SourceError) as refused:
        carried(V1, sent(*members))
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    "texts",
    [
        {},
        {f".rollback/complete/{V1.id}": b""},
        {f".rollback/complete/{V1.id}": b"v1%2Fx " + b"c" * 40 + b" " + b"b" * 40 + b"\n"},
        {f".rollback/complete/{V1.id}": sealed("app")[f".rollback/complete/{V1.id}"] + b"garbage\n"},
        {f".rollback/complete/{V1.id}": b"\xff\n"},
    ],
)
def test_without_a_statement_of_what_was_sealed_it_is_refused(texts: Mapping[str, bytes]) -> None:
    with pytest.raises(SourceError, match=r"^what it sent of v1/x could not be unpacked: "):
        carried(V1, sent(file("app"), texts=texts))


def test_any_byte_that_is_missing_or_wrong_is_noticed() -> None:
    whole = sent(file("app")).getvalue()
    damaged = [whole[:end] for end in range(0, len(whole), 7)]
    damaged += [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(10, len(whole), 7)]
    for came in damaged:
        with pytest.raises(SourceError):
            carried(V1, io.BytesIO(came))


def test_a_bomb_is_not_unpacked() -> None:
    with pytest.raises(SourceError, match="it is more than 1048576 bytes"):
        carried(V1, io.BytesIO(gzip.compress(bytes(8 * 1024 * 1024))), most=1024 * 1024)
