"""An sshd with other settings: few sessions, other ways to log in, forced commands, certificates, noisy shells."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import paramiko
import pytest

from rollback.demo.sshd import Sshd
from rollback.errors import HostError, NotAdmitted, OutsideProtocol, Unreachable
from rollback.hosts.protocol import Answer, Request
from rollback.hosts.remote import Agent
from rollback.hosts.ssh import SshTransport, connect
from rollback.model import Host
from tests.hosts.ssh.conftest import Config, Keygen
from tests.hosts.ssh.strangers import stranger

PLENTY = 60.0
Variant = Callable[..., Host]


@pytest.fixture
def variant(configured: Config, sshd: Sshd, tmp_path: Path) -> Variant:
    """web1 as an sshd with these settings, which win, serves it: one process a connection, over a ProxyCommand."""

    def make(settings: str, more: str = "") -> Host:
        config = tmp_path / "sshd_config"
        config.write_text(f"{settings}\n{(sshd.folder / 'sshd_config').read_text()}")
        return configured(f"Host web1\n ProxyCommand /usr/sbin/sshd -i -f {config} -E {tmp_path}/log\n {more}\n")

    return make


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Callable[[Host], Answer]]:
    """The answer of the real agent's `sight`, on a root with nothing in it."""
    root = tmp_path / "root"
    root.mkdir()
    opened: list[SshTransport] = []

    def sight(host: Host) -> Answer:
        opened.append(connect(host))
        return Agent("web1", opened[-1]).ask(Request("sight", (("root", str(root)),), deadline=PLENTY))

    yield sight
    for one in opened:
        one.close()


def refusal(host: Host) -> tuple[str, str]:
    with pytest.raises(NotAdmitted) as refused:
        connect(host)
    return str(refused.value), refused.value.hint


def test_a_connection_with_a_single_session_still_answers_several_at_once(variant: Variant) -> None:
    transport = connect(variant("MaxSessions 1"))
    began = threading.Event()

    def fed() -> Iterator[bytes]:
        yield b"x"
        began.wait(PLENTY)

    with ThreadPoolExecutor(4) as pool:
        slow = pool.submit(transport.exec, "cat", fed(), PLENTY, 100)
        quick = [pool.submit(transport.exec, f"echo {n}; echo {n} >&2", [], PLENTY, 100) for n in range(3)]
        answers = [one.result() for one in quick]
        began.set()
        assert (answers, slow.result()) == ([(0, b"0\n"), (0, b"1\n"), (0, b"2\n")], (0, b"x"))
    transport.close()


def test_a_flood_that_was_cut_off_leaves_room_for_the_next_command(variant: Variant) -> None:
    transport = connect(variant("MaxSessions 1"))
    with pytest.raises(OutsideProtocol, match="answered more than 100 bytes"):
        transport.exec("trap : PIPE; yes; sleep 5", [], PLENTY, 100)
    assert transport.exec("echo still here", [], PLENTY, 100) == (0, b"still here\n")
    transport.close()


def test_a_host_without_sessions_says_so(variant: Variant) -> None:
    transport = connect(variant("MaxSessions 0"))
    with pytest.raises(NotAdmitted, match=r"^web1 \(127.0.0.2 port \d+\) opens no session\.$"):
        transport.exec("true", [], PLENTY, 100)
    transport.close()


class NoCommands(paramiko.ServerInterface):  # type: ignore[misc]  # paramiko has no types
    """Lets anybody in, opens sessions, and executes nothing; OpenSSH never says no here, other servers do."""

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:  # noqa: ARG002
        return int(paramiko.AUTH_SUCCESSFUL)

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002
        return int(paramiko.OPEN_SUCCEEDED)


def test_a_host_that_executes_nothing_says_so(configured: Config, sshd: Sshd, tmp_path: Path) -> None:
    def refusing(client: socket.socket, over: threading.Event) -> None:
        server = paramiko.Transport(client)
        server.add_server_key(paramiko.Ed25519Key.from_private_key_file(str(sshd.folder / "host_key")))
        server.start_server(server=NoCommands())
        over.wait()
        server.close()

    with stranger(refusing) as port:
        own = f"HostName 127.0.0.1\n Port {port}\n UserKnownHostsFile {tmp_path / 'known'}"
        host = configured(f"Host web1\n {own}\n")
        transport = connect(replace(host, ssh=replace(host.ssh, host_keys="accept-new")))
        for _ in range(2):
            with pytest.raises(NotAdmitted, match="refuses to run commands"):
                transport.exec("echo hello", [b"x" * 100_000], PLENTY, 100)
        transport.close()


def test_of_many_hosts_behind_one_few_are_connected_to_at_once(configured: Config, tmp_path: Path) -> None:
    """An sshd drops some of more than ten that knock (MaxStartups); here none comes in before the gate is open."""
    log, gate = tmp_path / "log", tmp_path / "gate"
    log.touch()
    knock = f"echo >>{log}; until [ -e {gate} ]; do sleep 0.02; done"
    host = configured(f"Host web1\n ProxyCommand sh -c '{knock}'\n")

    def knocking(_: int) -> str:
        with pytest.raises(Unreachable) as error:
            connect(host)
        return str(error.value)

    with ThreadPoolExecutor(12) as pool:
        answers = [pool.submit(knocking, number) for number in range(12)]
        while log.read_text().count("\n") < 8:
            time.sleep(0.01)
        time.sleep(0.5)
        knocked = log.read_text().count("\n")
        gate.touch()
        assert len([one.result() for one in answers]) == 12
    assert (knocked, log.read_text().count("\n")) == (8, 12)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ("PubkeyAuthentication no\nPasswordAuthentication yes", "it takes no keys, only password"),
        ("AuthenticationMethods publickey,password\nPasswordAuthentication yes", "besides a key it wants password"),
    ],
)
def test_a_host_that_wants_a_password_is_refused_in_so_many_words(
    variant: Variant, sshd: Sshd, settings: str, reason: str
) -> None:
    said, hint = refusal(variant(settings))
    assert said == f"web1 (127.0.0.2 port {sshd.port}) does not let {sshd.user} in: {reason}. Keys tried: none."
    assert hint == (
        "rollback logs in by key alone, as nobody can type at many hosts: let sshd_config allow that for this user."
    )


@pytest.mark.parametrize(
    ("command", "seen"),
    [
        ("/usr/sbin/nologin", "This account is currently not available."),
        ("/bin/false", "it said nothing"),
        ('exec rbash -c "$SSH_ORIGINAL_COMMAND"', "rbash: line 1: exec: restricted"),
        ("internal-sftp", "it said "),
        ("printf '\\033]0;owned\\007\\342\\200\\256 go away'", "\\x1b]0;owned\\x07\\u202e go away"),
        ("head -c 60000 /dev/zero", "\\x00\\x00"),
    ],
)
def test_a_login_that_runs_no_shell_is_outside_the_protocol_in_its_own_words(
    variant: Variant, ask: Callable[[Host], Answer], command: str, seen: str
) -> None:
    with pytest.raises(OutsideProtocol) as error:
        ask(variant(f"ForceCommand {command}"))
    said = str(error.value)
    assert said.startswith("web1 gave no answer that rollback understands: it said ")
    assert (seen in said, said.isprintable(), error.value.hint) == (
        True,
        True,
        "its login must be able to run a shell: ssh web1 'exec /bin/sh -c \"echo ready\"'",
    )


@pytest.mark.parametrize(
    "noise", ["echo Welcome", "printf 'no end of line'", "printf '\\033[2J\\377\\000rollback/1 x'", "echo oops >&2"]
)
@pytest.mark.parametrize("shell", ["bash", "dash", "busybox ash"])
def test_what_a_login_shell_says_first_hides_nothing_of_the_answer(
    variant: Variant, ask: Callable[[Host], Answer], tmp_path: Path, noise: str, shell: str
) -> None:
    script = tmp_path / "login"
    script.write_text(f'{noise}\nexec {shell} -c "$SSH_ORIGINAL_COMMAND"\n')
    answer = ask(variant(f"ForceCommand sh {script}"))
    assert (answer.status, answer.first("live"), answer.first("previous")) == ("ok", "-", "-")


def test_a_banner_before_the_login_is_passed_over(
    variant: Variant, ask: Callable[[Host], Answer], tmp_path: Path
) -> None:
    banner = tmp_path / "banner"
    banner.write_bytes(b"\x1b]0;owned\x07\xff\xfe Authorised users only\r\n" * 500)
    assert ask(variant(f"Banner {banner}")).status == "ok"


def signed(authority: Path, key: Path, *options: str) -> Path:
    """The certificate of a key, beside it."""
    user = subprocess.run(["id", "-un"], check=True, capture_output=True, text=True).stdout.strip()
    command = ["ssh-keygen", "-q", "-s", str(authority), "-I", "test", "-n", user, *options, f"{key}.pub"]
    subprocess.run(command, check=True, capture_output=True)
    return key.with_name(f"{key.name}-cert.pub")


def hello(host: Host) -> bytes:
    transport = connect(host)
    try:
        return transport.exec("echo hello", [], PLENTY, 100)[1]
    finally:
        transport.close()


@pytest.fixture
def authority(keygen: Keygen) -> Path:
    return keygen("authority")


@pytest.fixture
def certified(variant: Variant, sshd: Sshd, authority: Path) -> Callable[[str], Host]:
    """web1 where only certificates of the authority get in; `certified("IdentityFile …")`."""

    def make(identities: str) -> Host:
        host = variant(f"TrustedUserCAKeys {authority}.pub\nAuthorizedKeysFile none", identities)
        config = Path(host.ssh.config or "")
        config.write_text(config.read_text().replace(f'IdentityFile "{sshd.world.client_key}"', ""))
        return host

    return make


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_a_certificate_beside_the_key_gets_in(
    certified: Callable[[str], Host], keygen: Keygen, authority: Path, kind: str
) -> None:
    key = keygen("mine", kind=kind)
    signed(authority, key)
    assert hello(certified(f"IdentityFile {key}")) == b"hello\n"


def test_a_certificate_file_gets_in_with_the_key_it_is_made_for(
    certified: Callable[[str], Host], keygen: Keygen, authority: Path, tmp_path: Path
) -> None:
    other, key = keygen("other"), keygen("mine")
    elsewhere = signed(authority, key).rename(tmp_path / "certificate")
    host = certified(f"CertificateFile {elsewhere}\n IdentityFile {other}\n IdentityFile {key}")
    assert hello(host) == b"hello\n"


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_a_certificate_that_the_agent_holds_gets_in(
    certified: Callable[[str], Host], keygen: Keygen, authority: Path, empty_agent: Path, kind: str
) -> None:
    key = keygen("mine", kind=kind)
    signed(authority, key)
    subprocess.run(
        ["ssh-add", "-q", str(key)],
        check=True,
        capture_output=True,
        env={**os.environ, "SSH_AUTH_SOCK": str(empty_agent)},
    )
    assert hello(certified(f"IdentityAgent {empty_agent}\n IdentitiesOnly no")) == b"hello\n"


def test_a_certificate_that_expired_is_followed_by_the_key_itself(
    configured: Config, sshd: Sshd, authority: Path, tmp_path: Path
) -> None:
    key = tmp_path / "mine"
    key.write_bytes(sshd.world.client_key.read_bytes())
    key.chmod(0o600)
    (tmp_path / "mine.pub").write_bytes((sshd.world.folder / "client_key.pub").read_bytes())
    signed(authority, key, "-V", "20200101:20200102")
    host = configured(f"Host web1\n IdentityFile {key}\n")
    config = Path(host.ssh.config or "")
    config.write_text(config.read_text().replace(f'IdentityFile "{sshd.world.client_key}"', ""))
    assert hello(host) == b"hello\n"


def test_a_host_that_only_an_authority_vouches_for_is_refused_and_says_why(
    configured: Config, authority: Path, tmp_path: Path
) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"@cert-authority * {Path(f'{authority}.pub').read_text()}")
    said, _ = refusal(configured(f"Host web1\n UserKnownHostsFile {file}\n StrictHostKeyChecking no\n"))
    assert said.endswith(
        f"{file} line 1 names an authority for its certificate, which is not checked here."
        " The StrictHostKeyChecking of its ssh_config does not count; the playbook's ssh.host_keys does."
    )


def test_a_host_that_shows_a_certificate_is_let_in_by_the_key_in_it(
    variant: Variant, sshd: Sshd, authority: Path, tmp_path: Path
) -> None:
    key = tmp_path / "host"
    key.write_bytes((sshd.folder / "host_key").read_bytes())
    key.chmod(0o600)
    (tmp_path / "host.pub").write_bytes((sshd.folder / "host_key.pub").read_bytes())
    certificate = signed(authority, key, "-h")
    host = variant(f"HostCertificate {certificate}\nHostKeyAlgorithms ssh-ed25519-cert-v01@openssh.com")
    assert hello(host) == b"hello\n"


@pytest.mark.parametrize(
    ("listed", "ending"),
    [
        ("{key}", "line 1 revokes: "),
        ('# ours\ncommand="a b" {key} comment', "line 2 revokes: "),
        ("SSHKRL\n\0", "its RevokedHostKeys, can't be read as a list of keys."),
        (None, "its RevokedHostKeys, can't be read as a list of keys."),
    ],
)
def test_a_key_of_the_users_revoked_ones_is_refused(
    configured: Config, sshd: Sshd, tmp_path: Path, listed: str | None, ending: str
) -> None:
    file = tmp_path / "revoked"
    if listed is not None:
        file.write_text(listed.format(key=(sshd.folder / "host_key.pub").read_text().strip()))
    said, _ = refusal(configured(f"Host web1\n RevokedHostKeys {file}\n"))
    assert f"{file}" in said
    assert ending in said


def test_a_host_with_other_revoked_keys_is_let_in(configured: Config, keygen: Keygen) -> None:
    assert hello(configured(f"Host web1\n RevokedHostKeys {keygen('other')}.pub\n")) == b"hello\n"


def test_an_answer_of_a_gibibyte_takes_little_memory(host: Host) -> None:
    """Neither stdout, which is cut off, nor stderr, of which the end is kept."""
    program = f"""
import resource
from rollback.errors import OutsideProtocol
from rollback.hosts.ssh import connect
from rollback.model import Host, Ssh
transport = connect(Host("web1", "/srv", Ssh(config={host.ssh.config!r}, connect_timeout=20.0)))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    transport.exec("head -c 1073741824 /dev/zero", [], 60.0, 65536)
except OutsideProtocol as error:
    print(str(error).partition(") ")[2])
print(transport.exec("head -c 104857600 /dev/zero >&2; echo done", [], 60.0, 65536))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024 < 24)
transport.close()
"""
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    assert (ran.stdout, ran.stderr) == ("answered more than 65536 bytes.\n(0, b'done\\n')\nTrue\n", "")


def test_every_refusal_is_one_of_ours(variant: Variant) -> None:
    """Whatever paramiko makes of it."""
    with pytest.raises(HostError):
        connect(variant("Ciphers chacha20-poly1305@openssh.com"))
