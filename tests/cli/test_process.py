from __future__ import annotations

import subprocess
import sys

import pytest

from rollback.cli.process import UNKNOWN, is_dead, own


def of_another() -> str:
    """What a process said of itself that has ended since."""
    code = "from rollback.cli.process import own; print(own())"
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_a_process_that_ended_is_dead_and_this_one_is_not() -> None:
    assert (is_dead(of_another()), is_dead(own())) == (True, False)


def test_another_process_under_the_same_number_is_not_the_one_that_was_meant() -> None:
    *place, _ = own().split(",")
    assert is_dead(",".join([*place, "1"]))


@pytest.mark.parametrize("part", [0, 1])
def test_of_another_boot_or_namespace_nothing_is_known(part: int) -> None:
    words = of_another().split(",")
    words[part] = "7"
    assert not is_dead(",".join(words))


def test_a_zombie_has_ended() -> None:
    code = "import time; from rollback.cli.process import own; print(own(), flush=True)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline().strip()
        process.stdout.read()  # until it has ended, and before anybody asks how
        while not is_dead(said):
            pass


@pytest.mark.parametrize("word", [UNKNOWN, "", "a,b", "a,b,c,d", "a,b,c,d,e"])
def test_what_is_no_such_word_says_nothing(word: str) -> None:
    assert not is_dead(word)


def test_the_word_can_be_told_to_a_host() -> None:
    assert own().replace(",", "").replace("-", "").isalnum()
