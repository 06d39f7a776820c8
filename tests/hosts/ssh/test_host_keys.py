"""The policy on host keys, against known_hosts files in all their forms."""

from __future__ import annotations

import base64
import hmac
import string
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollback.errors import NotAdmitted
from rollback.hosts.host_keys import admit, fingerprint, known_types
from rollback.hosts.known_hosts import Known, Line, read
from rollback.hosts.resolve import Place

KEY, OTHER = b"\0\0\0\x0bssh-ed25519-key", b"\0\0\0\x0bssh-ed25519-other"
K, ANOTHER = (base64.b64encode(key).decode() for key in (KEY, OTHER))
MARK, OTHER_MARK = fingerprint(KEY), fingerprint(OTHER)


def place(file: Path, *, address: str = "web1.example", port: int = 22, policy: str = "strict") -> Place:
    names = (address,) if port == 22 else (f"[{address}]:{port}", address)
    return Place("web1", address, port, names, (file,), policy, direct=True)


def hashed(name: str) -> str:
    salt = b"0123456789abcdefghij"
    digest = hmac.digest(salt, name.encode(), "sha1")
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"


def answer(place: Place) -> str:
    """What becomes of KEY: "in", or the first words of the refusal."""
    try:
        admit(place, "ssh-ed25519", KEY)
    except NotAdmitted as error:
        sentence = str(error)
        return next(word for word in ("revokes", "is unknown", "is not the one") if word in sentence)
    return "in"


@pytest.mark.parametrize(
    ("text", "port", "expected"),
    [
        (f"web1.example ssh-ed25519 {K}", 22, "in"),
        (f"web1.example ssh-ed25519 {K} a comment", 22, "in"),
        (f"  web1.example\tssh-ed25519  {K}  ", 22, "in"),
        (f"WEB1.Example ssh-ed25519 {K}", 22, "in"),
        (f"web0,web1.example,10.0.0.1 ssh-ed25519 {K}", 22, "in"),
        (f"*.example ssh-ed25519 {K}", 22, "in"),
        (f"web?.example ssh-ed25519 {K}", 22, "in"),
        (f"*.example,!web1.example ssh-ed25519 {K}", 22, "is unknown"),
        (f"!web1.example,*.example ssh-ed25519 {K}", 22, "is unknown"),
        (f"!web2.example ssh-ed25519 {K}", 22, "is unknown"),
        (f"web[0-9].example ssh-ed25519 {K}", 22, "is unknown"),
        (f"{hashed('web1.example')} ssh-ed25519 {K}", 22, "in"),
        (f"{hashed('web1.example')} ssh-ed25519 {ANOTHER}", 22, "is not the one"),
        (f"{hashed('web2.example')} ssh-ed25519 {K}", 22, "is unknown"),
        (f"{hashed('[web1.example]:2222')} ssh-ed25519 {K}", 2222, "in"),
        (f"[web1.example]:2222 ssh-ed25519 {K}", 2222, "in"),
        (f"[web1.example]:2222 ssh-ed25519 {K}", 2223, "is unknown"),
        (f"[web1.example]:2222 ssh-ed25519 {K}", 22, "is unknown"),
        (f"[web1.example]:2222 ssh-ed25519 {ANOTHER}", 2222, "is not the one"),
        (f"[*.example]:2222 ssh-ed25519 {K}", 2222, "in"),
        # The bare name vouches for every port, but another key under it contradicts nothing: as OpenSSH.
        (f"web1.example ssh-ed25519 {K}", 2222, "in"),
        (f"web1.example ssh-ed25519 {ANOTHER}", 2222, "is unknown"),
        (f"web1.example ssh-ed25519 {ANOTHER}", 22, "is not the one"),
        (f"web1.example ssh-ed25519 {ANOTHER}\nweb1.example ssh-ed25519 {K}", 22, "in"),
        # Known by another type of key only: somebody may have answered with a type we do not know on purpose.
        (f"web1.example ssh-rsa {ANOTHER}", 22, "is not the one"),
        (f"@revoked * ssh-ed25519 {K}\nweb1.example ssh-ed25519 {K}", 22, "revokes"),
        (f"web1.example ssh-ed25519 {K}\n@revoked web1.example ssh-ed25519 {K}", 22, "revokes"),
        (f"web1.example ssh-ed25519 {K}\n@revoked other ssh-ed25519 {K}", 22, "in"),
        (f"web1.example ssh-ed25519 {K}\n@revoked * ssh-ed25519 {ANOTHER}", 22, "in"),
        (f"@revoked * ssh-ed25519 {ANOTHER}", 22, "is unknown"),
        (f"@cert-authority *.example ssh-ed25519 {K}", 22, "is unknown"),
        (f"@cert-authority *.example ssh-ed25519 {ANOTHER}\nweb1.example ssh-ed25519 {K}", 22, "in"),
        (f"# web1.example ssh-ed25519 {K}", 22, "is unknown"),
        (f"#web1.example ssh-ed25519 {K}", 22, "is unknown"),
        ("web1.example ssh-ed25519 not*base64", 22, "is unknown"),
        ("web1.example ssh-ed25519", 22, "is unknown"),
        ("web1.example", 22, "is unknown"),
        ("@revoked", 22, "is unknown"),
        (f"|1|broken ssh-ed25519 {K}", 22, "is unknown"),
        (f"|1|a|b|c ssh-ed25519 {K}", 22, "is unknown"),
        ("", 22, "is unknown"),
        ("\x00\udcff\n", 22, "is unknown"),
    ],
)
def test_a_file_admits_what_openssh_would_admit(tmp_path: Path, text: str, port: int, expected: str) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(text, "utf-8", "surrogateescape")
    assert answer(place(file, port=port)) == expected


def refusal(call: Callable[[], None]) -> tuple[str, str]:
    with pytest.raises(NotAdmitted) as refused:
        call()
    return str(refused.value), refused.value.hint


def test_an_unknown_key_names_fingerprint_file_and_command(tmp_path: Path) -> None:
    file = tmp_path / "known hosts"
    assert refusal(lambda: admit(place(file, port=2222), "ssh-ed25519", KEY)) == (
        f"The host key of web1 (web1.example port 2222) is unknown, it showed ssh-ed25519 {MARK}; looked in {file}.",
        "Compare it with the host's own (there: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), "
        f"then: ssh-keyscan -p 2222 web1.example >> '{file}'",
    )


def test_a_changed_key_names_both_fingerprints_the_line_and_the_commands(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"# ours\n[web1.example]:2222 ssh-ed25519 {ANOTHER}\n")
    assert refusal(lambda: admit(place(file, port=2222, policy="accept-new"), "ssh-ed25519", KEY)) == (
        f"The host key of web1 (web1.example port 2222) is not the one in {file} line 2: it showed ssh-ed25519 {MARK}, "
        f"known is ssh-ed25519 {OTHER_MARK}. It was reinstalled, or somebody stands between.",
        "Compare it with the host's own (there: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), "
        f"then: ssh-keygen -R '[web1.example]:2222' -f {file} && ssh-keyscan -p 2222 web1.example >> {file}",
    )


def test_a_revoked_key_names_the_line_whatever_the_policy(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"@revoked * ssh-ed25519 {K}\n")
    assert refusal(lambda: admit(place(file, policy="accept-new"), "ssh-ed25519", KEY)) == (
        f"web1 (web1.example port 22) showed a host key that {file} line 1 revokes: ssh-ed25519 {MARK}.",
        f"Find out who revoked it and why; the line: sed -n 1p {file}",
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, f"[web1.example]:2222 ssh-ed25519 {K}\n"),
        ("", f"[web1.example]:2222 ssh-ed25519 {K}\n"),
        (f"a ssh-ed25519 {ANOTHER}\n", f"a ssh-ed25519 {ANOTHER}\n[web1.example]:2222 ssh-ed25519 {K}\n"),
        (f"a ssh-ed25519 {ANOTHER}", f"a ssh-ed25519 {ANOTHER}\n[web1.example]:2222 ssh-ed25519 {K}\n"),
    ],
)
def test_accept_new_puts_an_unknown_key_on_file_once(tmp_path: Path, before: str | None, after: str) -> None:
    file = tmp_path / "new" / "known_hosts"
    if before is not None:
        file.parent.mkdir()
        file.write_text(before)
    for _ in range(2):
        admit(place(file, port=2222, policy="accept-new"), "ssh-ed25519", KEY)
    assert file.read_text() == after


def test_the_key_types_on_file_are_known_in_their_order_without_the_revoked_ones(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(
        f"@revoked web1.example ecdsa-sha2-nistp521 {ANOTHER}\n@cert-authority web1.example ssh-dss {ANOTHER}\n"
        f"web1.example ssh-rsa {ANOTHER}\nweb1.example ssh-ed25519 {K}\nweb1.example ssh-rsa {K}\n"
    )
    assert known_types(place(file)) == ("ssh-rsa", "ssh-ed25519")


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"web1.example ssh-ed25519 {ANOTHER}\n")
    assert answer(place(file)) == "is not the one"
    file.write_text(f"web1.example ssh-ed25519 {K}   \n")
    assert answer(place(file)) == "in"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.text(string.printable + "*?!|@[]:,é\u202e", max_size=60), max_size=8))
def test_no_file_without_the_key_lets_it_in(tmp_path: Path, lines: list[str]) -> None:
    file = tmp_path / "known_hosts"
    file.write_text("\n".join(lines))
    read(file)
    assert answer(place(file)) in {"is unknown", "is not the one"}


SOME = st.sampled_from(["web1", "WEB1", "web2", "web*", "web?", "!web1", "*", "[web1]:2222", "10.0.0.1"])
PATTERNS = st.lists(SOME, min_size=1, max_size=3).map(",".join) | st.sampled_from(["web1", "web2"]).map(hashed)


@given(st.lists(PATTERNS, max_size=8), st.lists(st.sampled_from(["web1", "web2", "[web1]:2222"]), max_size=2))
def test_an_index_finds_what_a_look_at_every_line_finds(patterns: list[str], names: list[str]) -> None:
    lines = [Line(Path("known_hosts"), at, "", one, "ssh-ed25519", KEY) for at, one in enumerate(patterns)]
    assert Known(lines).of(names) == tuple(line for line in lines if any(map(line.names, names)))


def test_of_ten_thousand_hosts_only_those_lines_are_looked_at_that_may_speak_of_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = [Line(Path("known_hosts"), at, "", f"web{at}", "ssh-ed25519", KEY) for at in range(10_000)]
    known, looked = Known([*lines, Line(Path("known_hosts"), 10_000, "", "*.example", "ssh-ed25519", KEY)]), list[str]()

    def names(line: Line, _: str) -> bool:
        looked.append(line.patterns)
        return False

    monkeypatch.setattr(Line, "names", names)
    assert [known.of((f"web{at}",))[0].number for at in range(0, 10_000, 100)] == list(range(0, 10_000, 100))
    assert looked == ["*.example"] * 100
