"""What ssh_config says, against the real `ssh -G`, and without any ssh."""

from __future__ import annotations

import getpass
import os
import pwd
from dataclasses import replace
from pathlib import Path

import pytest

from rollback.errors import NotAdmitted
from rollback.hosts.resolve import Allowed, Destination, Place, destination
from rollback.model import Host, Ssh

ME = getpass.getuser()
HOME = Path(pwd.getpwuid(os.getuid()).pw_dir)
GLOBAL = (Path("/etc/ssh/ssh_known_hosts"), Path("/etc/ssh/ssh_known_hosts2"))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "ssh_config"


@pytest.fixture
def without_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


def resolved(config: Path, text: str, name: str = "web1", ssh: Ssh = Ssh()) -> Destination:  # noqa: B008  (frozen)
    config.write_text(f"{text}\nHost *\n  UserKnownHostsFile /kh\n  IdentityFile /key\n")
    found = destination(Host(name, "/srv", replace(ssh, config=str(config))))
    return _without_algorithms(found)


def _without_algorithms(found: Destination) -> Destination:
    """Those are this machine's defaults."""
    jump = _without_algorithms(found.jump) if found.jump else None
    return replace(found, allowed=Allowed(), jump=jump)


def expected(  # what the table below changes of a plain host
    address: str = "web1", port: int = 22, names: tuple[str, ...] = ("web1",), name: str = "web1", **more: object
) -> Destination:
    files = (Path("/kh"), *GLOBAL)
    place = Place(name, address, port, names, files, "strict", direct=not ({"jump", "proxy_command"} & more.keys()))
    plain = Destination(place, ME, (Path("/key"),))
    return replace(plain, **more)  # type: ignore[arg-type]


BOTH = [
    ("", "web1", Ssh(), expected()),
    ("Host web1\n HostName 10.1.2.3\n", "web1", Ssh(), expected("10.1.2.3", 22, ("10.1.2.3",))),
    ("Host web1\n HostName %h.example.com\n", "web1", Ssh(), expected("web1.example.com", 22, ("web1.example.com",))),
    ("Host web1\n Port 2222\n", "web1", Ssh(), expected("web1", 2222, ("[web1]:2222", "web1"))),
    ("Host web1\n User ada\n", "web1", Ssh(), expected(user="ada")),
    ("Host web1\n HostKeyAlias Shop\n Port 2222\n", "web1", Ssh(), expected("web1", 2222, ("shop",))),
    ("Host web1\n IdentitiesOnly yes\n", "web1", Ssh(), expected(identities_only=True)),
    ("Host web1\n IdentityAgent /agent\n", "web1", Ssh(), expected(agent="/agent")),
    ("Host web1\n IdentityAgent none\n", "web1", Ssh(), expected()),
    ("Host web1\n AddressFamily inet6\n", "web1", Ssh(), expected(family="inet6")),
    ("Host web1\n ProxyJump none\n", "web1", Ssh(), expected()),
    (
        "Host web1\n IdentityFile ~/.ssh/shop\n IdentityFile %d/k\n",
        "web1",
        Ssh(),
        expected(identities=(HOME / ".ssh/shop", HOME / "k", Path("/key"))),
    ),
    ("Host web1\n ProxyCommand nc %h %p\n", "web1", Ssh(), expected(proxy_command="nc web1 22")),
    # The playbook's words win.
    ("Host web1\n User ada\n", "web1", Ssh(user="bob"), expected(user="bob")),
    ("Host web1\n Port 2222\n", "web1", Ssh(port=22), expected()),
    ("Host web1\n HostName 10.1.2.3\n", "web1", Ssh(address="::1"), expected("::1", 22, ("::1",))),
]


@pytest.mark.parametrize(("text", "name", "ssh", "wanted"), BOTH)
def test_ssh_config_is_understood(config: Path, text: str, name: str, ssh: Ssh, wanted: Destination) -> None:
    assert resolved(config, text, name, ssh) == wanted


@pytest.mark.usefixtures("without_ssh")
@pytest.mark.parametrize(("text", "name", "ssh", "wanted"), BOTH)
def test_it_is_understood_without_an_ssh_too(config: Path, text: str, name: str, ssh: Ssh, wanted: Destination) -> None:
    assert resolved(config, text, name, ssh) == wanted


def test_what_a_host_is_matched_by_sees_the_playbooks_words(config: Path) -> None:
    text = "Match user bob host 10.9.9.9\n Port 2222\n"
    found = resolved(config, text, ssh=Ssh(user="bob", address="10.9.9.9"))
    assert found == expected("10.9.9.9", 2222, ("[10.9.9.9]:2222", "10.9.9.9"), user="bob")


def test_an_include_is_followed(config: Path, tmp_path: Path) -> None:
    (tmp_path / "more").write_text("Host web1\n Port 2222\n")
    assert resolved(config, f"Include {tmp_path}/mor*\n").place.port == 2222


def test_the_playbooks_known_hosts_replace_all_others(config: Path) -> None:
    assert resolved(config, "", ssh=Ssh(known_hosts="/mine")).place.files == (Path("/mine"),)


def test_a_known_hosts_file_with_a_blank_in_its_name_is_one_file(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "known hosts"
    file.touch()
    assert resolved(config, f'Host web1\n UserKnownHostsFile "{file}"\n').place.files[0] == file


def test_an_agent_named_by_a_variable_is_found(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_AGENT", "/my/agent")
    assert resolved(config, "Host web1\n IdentityAgent $MY_AGENT\n").agent == "/my/agent"


def test_algorithms_that_the_user_allows_are_kept(config: Path) -> None:
    config.write_text(
        "Host *\n KexAlgorithms curve25519-sha256\n Ciphers aes128-ctr\n MACs hmac-sha2-256\n"
        " HostKeyAlgorithms ssh-ed25519,rsa-sha2-512\n"
    )
    assert destination(Host("web1", "/srv", Ssh(config=str(config)))).allowed == Allowed(
        frozenset({"curve25519-sha256"}),
        frozenset({"aes128-ctr"}),
        frozenset({"hmac-sha2-256"}),
        frozenset({"ssh-ed25519", "rsa-sha2-512"}),
    )


def test_jump_hosts_are_resolved_themselves_and_come_in_order(config: Path) -> None:
    text = "Host web1\n ProxyJump ada@first:2201,[::1]:2202\nHost first\n HostName 10.0.0.1\n IdentityFile /first\n"
    first = expected(
        "10.0.0.1",
        2201,
        ("[10.0.0.1]:2201", "10.0.0.1"),
        "first",
        user="ada",
        identities=(Path("/first"), Path("/key")),
    )
    second = expected("::1", 2202, ("[::1]:2202", "::1"), "::1", jump=first)
    assert resolved(config, text) == expected(jump=second)


def test_a_jump_host_has_a_jump_host_of_its_own(config: Path) -> None:
    found = resolved(config, "Host web1\n ProxyJump b\nHost b\n ProxyJump a\n")
    a = expected("a", 22, ("a",), "a")
    assert found == expected(jump=expected("b", 22, ("b",), "b", jump=a))


REFUSED = [
    ("Host web1\n ProxyJump a\nHost a\n ProxyJump web1\n", "web1", r"The ProxyJump of (a|web1) leads in a circle"),
    ("ProxyJump bastion\n", "web1", "jumphost loop via bastion"),
    ("Bogus yes\n", "web1", "Bad configuration option: bogus"),
    ("", "-oProxyCommand=touch x", r"is not a host's name|hostname contains invalid characters"),
    ("Host *\n ProxyCommand nc %h %p\n User a;b\n", "web1", "'a;b' cannot be used in a ProxyCommand"),
]


@pytest.mark.parametrize(("text", "name", "sentence"), REFUSED)
def test_what_cannot_be_used_is_refused(config: Path, text: str, name: str, sentence: str) -> None:
    with pytest.raises(NotAdmitted, match=sentence):
        resolved(config, text, name)


@pytest.mark.usefixtures("without_ssh")
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Match user bob\n Port 1\n", "line 1 uses Match, which only an installed ssh can read"),
        ("Host a\nmatch=host b\n Port 1\n", "line 2 uses match"),
        ("Include {folder}/*\n", "line 1 uses Include"),
    ],
)
def test_without_an_ssh_what_would_be_misread_is_refused(config: Path, text: str, sentence: str) -> None:
    with pytest.raises(NotAdmitted, match=sentence):
        resolved(config, text.format(folder=config.parent))


@pytest.mark.usefixtures("without_ssh")
def test_without_an_ssh_an_include_of_nothing_is_harmless(config: Path) -> None:
    assert resolved(config, "Include nothing.d/*.conf\nMatch all\n Port 2222\n").place.port == 2222


def test_a_missing_ssh_config_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotAdmitted, match=r"The ssh_config cannot be used for web1: .*No such file") as refused:
        destination(Host("web1", "/srv", Ssh(config=str(tmp_path / "none"))))
    assert refused.value.hint == "Look at it with: ssh -G -- web1"
