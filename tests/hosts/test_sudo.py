from __future__ import annotations

import pytest

from rollback.core.condition import Right
from rollback.hosts.sudo import Question, questions, right

PLAIN = ("--", "systemctl", "reload", "shop")
ASKED = Question("sudo -n systemctl reload shop", PLAIN)
COMMAND = "/usr/bin/systemctl reload shop"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("sudo -n systemctl reload shop", PLAIN),
        ("sudo systemctl reload shop", PLAIN),
        ("/usr/bin/sudo --non-interactive -- systemctl reload shop", PLAIN),
        ("sudo -u deploy -n bin/restart", ("-u", "deploy", "--", "bin/restart")),
        ("sudo -nu deploy bin/restart", ("-u", "deploy", "--", "bin/restart")),
        ("sudo --user=deploy bin/restart", ("-u", "deploy", "--", "bin/restart")),
        ("sudo -udeploy -g www bin/restart", ("-u", "deploy", "-g", "www", "--", "bin/restart")),
        ("sudo -n sh -c 'a; b'", ("--", "sh", "-c", "a; b")),
        ("cd x && sudo -n systemctl reload shop", PLAIN),
        ("sudo -n systemctl reload shop | tee log", PLAIN),
    ],
)
def test_what_sudo_would_execute_is_asked_for(command: str, words: tuple[str, ...]) -> None:
    assert [one.words for one in questions(command)] == [words]


@pytest.mark.parametrize(
    "command",
    [
        "sudo -n systemctl reload $UNIT",
        "timeout 5 sudo -n systemctl reload shop",
        "sudo -n UNIT=shop systemctl reload",
        "sudo -i",
        "sudo -n",
        "sudo -n systemctl 'reload shop",
        "sudo -n -C 3 systemctl reload shop",
        "(sudo -n systemctl reload shop)",
        "sudo -n systemctl reload shop >log",
    ],
)
def test_what_only_the_hosts_shell_knows_is_not_guessed(command: str) -> None:
    assert questions(command) == (Question(command),)


@pytest.mark.parametrize("command", [None, "", "sh restart.sh", "pseudo -n x"])
def test_without_sudo_there_is_no_question(command: str | None) -> None:
    assert questions(command) == ()


def test_each_use_of_sudo_is_a_question() -> None:
    assert [one.words for one in questions("sudo a; sudo -n b 2 || sudo c")] == [
        ("--", "a"),
        ("--", "b", "2"),
        ("--", "c"),
    ]


@pytest.mark.parametrize(
    ("grants", "allowed"),
    [
        ([f"    (root) NOPASSWD: {COMMAND}"], True),
        (["    (ALL : ALL) NOPASSWD: ALL"], True),
        (["    (ALL) ALL"], None),
        (["    (ALL) ALL", "    (root) NOPASSWD: /usr/bin/id"], None),
        (["    (ALL) ALL", f"    (root) NOPASSWD: /usr/bin/id, {COMMAND}"], True),
        (["    (ALL) ALL", f"    (root) NOPASSWD: SETENV: {COMMAND}"], True),
        (["    (ALL) ALL", f"    (root) NOPASSWD: /usr/bin/id, PASSWD: {COMMAND}"], None),
        (["    (ALL) ALL", "    (root) NOPASSWD: /usr/bin/id,", f"        {COMMAND}"], True),
        (["Matching Defaults entries for ada on web1:", "    !authenticate", "    (ALL) ALL"], True),
        ([], None),
    ],
)
def test_that_no_password_is_needed_stands_in_the_whole_list_only(grants: list[str], allowed: bool | None) -> None:
    assert right(ASKED, 0, COMMAND, grants).allowed is allowed


def test_what_sudo_says_against_it_is_cleaned() -> None:
    assert right(ASKED, 1, "sudo: a \x1b[1mpassword is required", []) == Right(
        ASKED.command, allowed=False, said="a \\x1b[1mpassword is required"
    )
    assert right(ASKED, 1, "", []).said == "no rule allows it"
