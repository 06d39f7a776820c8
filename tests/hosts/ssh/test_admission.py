"""Who is let in, by either side: host keys and identities, against a real sshd."""

from __future__ import annotations

import os
import subprocess
import sys
import termios
from dataclasses import replace
from pathlib import Path

import pytest

from rollback.demo.sshd import Sshd
from rollback.errors import NotAdmitted
from rollback.hosts.ssh import connect
from rollback.model import Host
from tests.hosts.ssh.agents import SecurityKey, framed
from tests.hosts.ssh.agents import agent as agent_at
from tests.hosts.ssh.conftest import Config, Keygen


def says_hello(host: Host) -> bool:
    transport = connect(host)
    try:
        return transport.exec("echo hello", [], 60.0, 100) == (0, b"hello\n")
    finally:
        transport.close()


def refusal(host: Host) -> tuple[str, str]:
    with pytest.raises(NotAdmitted) as refused:
        connect(host)
    return str(refused.value), refused.value.hint


def with_known_hosts(host: Host, file: Path, policy: str = "strict") -> Host:
    return replace(host, ssh=replace(host.ssh, known_hosts=str(file), host_keys=policy))


def mark(key: Path) -> str:
    """The fingerprint as ssh-keygen prints it."""
    shown = subprocess.run(["ssh-keygen", "-lf", str(key)], check=True, capture_output=True, text=True)
    return shown.stdout.split()[1]


def test_a_host_in_the_worlds_known_hosts_is_let_in(host: Host) -> None:
    assert says_hello(host)


def test_an_unknown_host_is_refused_and_accept_new_puts_it_on_file(host: Host, sshd: Sshd, tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    key = sshd.folder / "host_key.pub"
    own = "Compare it with the host's own (there: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then: "
    assert refusal(with_known_hosts(host, file)) == (
        f"The host key of web1 (127.0.0.2 port {sshd.port}) is unknown, it showed ssh-ed25519 {mark(key)}; "
        f"looked in {file}.",
        f"{own}ssh-keyscan -p {sshd.port} 127.0.0.2 >> {file}",
    )
    assert not file.exists()
    assert says_hello(with_known_hosts(host, file, "accept-new"))
    assert file.read_text() == f"[127.0.0.2]:{sshd.port} {' '.join(key.read_text().split()[:2])}\n"
    assert says_hello(with_known_hosts(host, file))


def test_the_command_of_the_hint_mends_it(host: Host, tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    _, hint = refusal(with_known_hosts(host, file))
    subprocess.run(["sh", "-c", hint.partition("then: ")[2]], check=True, capture_output=True)
    assert says_hello(with_known_hosts(host, file))


@pytest.mark.parametrize("policy", ["strict", "accept-new"])
def test_a_changed_key_is_refused_and_the_hint_mends_it(
    host: Host, sshd: Sshd, tmp_path: Path, keygen: Keygen, policy: str
) -> None:
    other = keygen("other").with_suffix(".pub")
    file = tmp_path / "known_hosts"
    file.write_text(f"[127.0.0.2]:{sshd.port} {other.read_text()}")
    sentence, hint = refusal(with_known_hosts(host, file, policy))
    assert sentence == (
        f"The host key of web1 (127.0.0.2 port {sshd.port}) is not the one in {file} line 1: it showed ssh-ed25519 "
        f"{mark(sshd.folder / 'host_key.pub')}, known is ssh-ed25519 {mark(other)}. "
        "It was reinstalled, or somebody stands between."
    )
    subprocess.run(["sh", "-c", hint.partition("then: ")[2]], check=True, capture_output=True)
    assert says_hello(with_known_hosts(host, file))


def test_another_type_of_key_on_file_is_a_changed_key(host: Host, sshd: Sshd, tmp_path: Path, keygen: Keygen) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"[127.0.0.2]:{sshd.port} {keygen('other', kind='ecdsa').with_suffix('.pub').read_text()}")
    assert "is not the one in" in refusal(with_known_hosts(host, file, "accept-new"))[0]


def test_a_revoked_key_is_refused(host: Host, sshd: Sshd, tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"{sshd.world.known_hosts.read_text()}@revoked * {(sshd.folder / 'host_key.pub').read_text()}")
    assert f"showed a host key that {file} line 2 revokes" in refusal(with_known_hosts(host, file))[0]


def test_a_hashed_file_is_understood_as_ssh_keygen_writes_it(host: Host, sshd: Sshd, tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(sshd.world.known_hosts.read_text())
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(file)], check=True, capture_output=True)
    assert file.read_text().startswith("|1|")
    assert says_hello(with_known_hosts(host, file))


def test_an_alias_names_the_key(configured: Config, sshd: Sshd, tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"shop {(sshd.folder / 'host_key.pub').read_text()}")
    assert says_hello(with_known_hosts(configured("HostKeyAlias shop"), file))


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_a_key_that_the_host_does_not_know_is_refused(
    configured: Config, sshd: Sshd, keygen: Keygen, kind: str
) -> None:
    key = keygen("stranger", kind=kind)
    host = configured(f"Host web1\n IdentityFile {key}\n IdentitiesOnly yes\nHost *\n")
    config = Path(host.ssh.config or "")
    config.write_text(config.read_text().replace(f'IdentityFile "{sshd.world.client_key}"', ""))
    user = sshd.user
    assert refusal(host) == (
        f"web1 (127.0.0.2 port {sshd.port}) does not let {user} in: no key was accepted. Keys tried: {key}.",
        f"Is {user} the right user, and is one of these keys in its ~/.ssh/authorized_keys there? "
        f"Compare: ssh -v -l {user} web1 true",
    )


def test_a_wrong_user_is_named(host: Host, sshd: Sshd) -> None:
    wrong = replace(host, ssh=replace(host.ssh, user="nobody-here"))
    sentence = f"does not let nobody-here in: no key was accepted. Keys tried: {sshd.world.client_key}."
    assert sentence in refusal(wrong)[0]


def test_what_cannot_be_used_is_passed_over_and_the_next_key_gets_in(
    configured: Config, keygen: Keygen, tmp_path: Path
) -> None:
    locked = keygen("locked", passphrase="secret")
    (tmp_path / "rubbish").write_text("not a key")
    unusable = f"IdentityFile {tmp_path}/missing\nIdentityFile {locked}\nIdentityFile {tmp_path}/rubbish"
    assert says_hello(configured(f"Host web1\n{unusable}\n"))


def test_without_a_usable_key_each_is_named_with_the_reason(
    configured: Config, sshd: Sshd, keygen: Keygen, tmp_path: Path
) -> None:
    locked = keygen("locked", passphrase="secret")
    (tmp_path / "rubbish").write_text("not a key")
    files = (tmp_path / "missing", locked, tmp_path / "rubbish")
    host = configured("Host web1\n" + "\n".join(f"IdentityFile {file}" for file in files))
    config = Path(host.ssh.config or "")
    config.write_text(config.read_text().replace(f'IdentityFile "{sshd.world.client_key}"', ""))
    assert refusal(host)[0] == (
        f"web1 (127.0.0.2 port {sshd.port}) does not let {sshd.user} in: there is no key to offer. Keys tried: none; "
        f"not used: {files[0]} (no such file or directory), {locked} (it is encrypted; unlock it with ssh-add), "
        f"{files[2]} (not a private key that can be read)."
    )


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_every_kind_of_key_gets_in(configured: Config, sshd: Sshd, keygen: Keygen, kind: str) -> None:
    key = keygen("mine", kind=kind)
    allowed = sshd.world.folder / "client_key.pub"
    before = allowed.read_text()
    try:
        allowed.write_text(before + key.with_suffix(".pub").read_text())
        assert says_hello(configured(f"Host web1\n IdentityFile {key}\n"))
    finally:
        allowed.write_text(before)


@pytest.fixture
def agent(sshd: Sshd, empty_agent: Path) -> Path:
    """An agent that holds the world's key."""
    adding = ["ssh-add", "-q", str(sshd.world.client_key)]
    subprocess.run(adding, check=True, capture_output=True, env={**os.environ, "SSH_AUTH_SOCK": str(empty_agent)})
    return empty_agent


def without_key_file(host: Host, sshd: Sshd, *, instead: str) -> Host:
    config = Path(host.ssh.config or "")
    config.write_text(config.read_text().replace(f'IdentityFile "{sshd.world.client_key}"', instead))
    return host


def test_the_agents_key_gets_in(configured: Config, sshd: Sshd, agent: Path) -> None:
    text = f"Host web1\n IdentityAgent {agent}\n IdentitiesOnly no\n"
    assert says_hello(without_key_file(configured(text), sshd, instead=""))


def test_identities_only_takes_the_agents_key_that_a_public_file_names(
    configured: Config, sshd: Sshd, agent: Path, tmp_path: Path
) -> None:
    public = tmp_path / "only.pub"
    public.write_text(sshd.world.client_key.with_suffix(".pub").read_text())
    text = f"Host web1\n IdentityAgent {agent}\n"
    assert says_hello(without_key_file(configured(text), sshd, instead=f"IdentityFile {public}"))


def test_identities_only_leaves_the_agents_other_keys_alone(
    configured: Config, sshd: Sshd, agent: Path, keygen: Keygen
) -> None:
    key = keygen("stranger")
    host = without_key_file(configured(f"Host web1\n IdentityAgent {agent}\n"), sshd, instead=f"IdentityFile {key}")
    assert f"Keys tried: {key}." in refusal(host)[0]


def test_an_agent_that_is_away_is_passed_over(configured: Config, tmp_path: Path) -> None:
    assert says_hello(configured(f"Host web1\n IdentityAgent {tmp_path}/away\n IdentitiesOnly no\n"))


def locked_key(sshd: Sshd, folder: Path) -> Path:
    """The world's key, under the words "open sesame"."""
    locked = folder / "locked"
    locked.write_bytes(sshd.world.client_key.read_bytes())
    locked.chmod(0o600)
    locking = ["ssh-keygen", "-q", "-p", "-P", "", "-N", "open sesame", "-f", str(locked)]
    subprocess.run(locking, check=True, capture_output=True)
    return locked


def typed(host: Host, words: bytes) -> tuple[str, str, bool]:
    """What stands in the terminal when two hosts are connected to and `words` are typed, what was said besides, and
    whether the terminal echoes afterwards."""
    program = f"""
from concurrent.futures import ThreadPoolExecutor
from rollback.errors import HostError
from rollback.hosts.ssh import connect
from rollback.model import Host, Ssh
host = Host("web1", "/srv", Ssh(config={host.ssh.config!r}, connect_timeout=20.0))
def admitted(_):
    try:
        connect(host).close()
        return "in"
    except HostError as error:
        return str(error).partition(" (")[2].rpartition(" (")[2]
with ThreadPoolExecutor(2) as pool:
    try:
        answers = pool.map(admitted, range(2))
        print(*answers, file=__import__("sys").stderr)
    except KeyboardInterrupt:
        print("interrupted", file=__import__("sys").stderr)
"""
    ours, theirs = os.openpty()
    asking = subprocess.Popen(
        # What a background shell starts ignores SIGINT.
        ["setsid", "--ctty", "--wait", "env", "--default-signal=INT", sys.executable, "-c", program],
        stdin=theirs,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    shown = b""
    while not shown.endswith(b"locked: "):
        shown += os.read(ours, 1000)
    os.write(ours, words)
    _, said = asking.communicate(timeout=60)
    echoes = bool(termios.tcgetattr(theirs)[3] & termios.ECHO)
    os.close(theirs)
    shown += os.read(ours, 1000)
    os.close(ours)
    return shown.decode(), said, echoes


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (b"open sesame\n", "in in\n"),
        (b"open barley\n", "wrong passphrase). wrong passphrase).\n"),
        (b"\x03", "interrupted\n"),
    ],
)
def test_a_locked_key_is_asked_for_in_a_terminal_once(
    configured: Config, sshd: Sshd, tmp_path: Path, words: bytes, said: str
) -> None:
    locked = locked_key(sshd, tmp_path)
    host = without_key_file(configured(""), sshd, instead=f"IdentityFile {locked}")
    assert typed(host, words) == (f"Passphrase for {locked}: \r\n", said, True)


def test_a_security_key_in_the_agent_gets_in(configured: Config, sshd: Sshd, tmp_path: Path) -> None:
    key, allowed = SecurityKey(), sshd.world.folder / "client_key.pub"
    before = allowed.read_text()
    try:
        allowed.write_text(before + key.line)
        with agent_at(tmp_path, framed(key.answer)) as path:
            text = f"Host web1\n IdentityAgent {path}\n IdentitiesOnly no\n"
            assert says_hello(without_key_file(configured(text), sshd, instead=""))
    finally:
        allowed.write_text(before)


def test_an_agent_that_does_not_sign_costs_only_its_key(configured: Config, tmp_path: Path) -> None:
    key = SecurityKey()
    refusing = framed(lambda question: key.answer(question) if question[0] == 11 else b"\x05")
    with agent_at(tmp_path, refusing) as path:
        assert says_hello(configured(f"Host web1\n IdentityAgent {path}\n IdentitiesOnly no\n"))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\0\0\0\0",
        b"\xff\xff\xff\xff",
        b"\0\0\0\x01\x05",
        b"\0\0\0\x05\x0c\xff\xff\xff\xff",
        b"\0\0\0\x09\x0c\0\0\0\x01\xff\xff\xff\xff",
        b"\x1b[2J" * 100,
    ],
)
def test_an_agent_that_answers_rubbish_is_passed_over(configured: Config, tmp_path: Path, answer: bytes) -> None:
    with agent_at(tmp_path, lambda _: answer) as path:
        assert says_hello(configured(f"Host web1\n IdentityAgent {path}\n IdentitiesOnly no\n"))


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_a_key_in_the_older_format_gets_in(configured: Config, sshd: Sshd, tmp_path: Path, kind: str) -> None:
    key, allowed = tmp_path / "pem", sshd.world.folder / "client_key.pub"
    short = ["-b", "2048"] if kind == "rsa" else []
    making = ["ssh-keygen", "-q", "-m", "PEM", "-t", kind, *short, "-N", "", "-f", str(key)]
    subprocess.run(making, check=True, stdin=subprocess.DEVNULL)
    before = allowed.read_text()
    try:
        allowed.write_text(before + key.with_suffix(".pub").read_text())
        assert says_hello(configured(f"Host web1\n IdentityFile {key}\n"))
    finally:
        allowed.write_text(before)


def test_no_configuration_of_fabric_is_read_and_nothing_is_printed(host: Host, tmp_path: Path) -> None:
    (tmp_path / ".fabric.py").write_text("raise SystemExit('it was read')\n")
    (tmp_path / ".fabric.yml").write_text("user: nobody\nforward_agent: true\n")
    known = tmp_path / "known_hosts"
    program = f"""
from rollback.errors import HostError
from rollback.hosts.ssh import connect
from rollback.model import Host, Ssh
transport = connect(Host("web1", "/srv", Ssh(config={host.ssh.config!r}, connect_timeout=20.0)))
assert transport.exec("echo hello", [], 60.0, 100) == (0, b"hello\\n")
transport.close()
try:
    connect(Host("web1", "/srv", Ssh(config={host.ssh.config!r}, known_hosts={str(known)!r}, connect_timeout=20.0)))
except HostError:
    print("refused")
"""
    environment = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(Path.cwd()), "FABRIC_USER": "nobody"}
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path, env=environment
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "refused\n", "")
