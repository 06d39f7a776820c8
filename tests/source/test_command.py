"""One git command: what comes back, and when it does not come."""

from __future__ import annotations

from rollback.source.command import Said, run
from tests.source.checkout import Checkout


def test_output_is_bytes_and_complaints_are_cleaned(checkout: Checkout) -> None:
    checkout.git("config", "alias.say", "!printf 'a\\n\\377\\n'; printf '\\033[31mno\\n' >&2; exit 3")
    said = run(checkout.folder, "say")
    assert said == Said(3, b"a\n\xff\n", "\\x1b[31mno")
    assert not said.ok


def test_a_question_is_its_input(checkout: Checkout) -> None:
    checkout.git("config", "alias.echo", "!cat")
    assert [run(checkout.folder, "echo", question=some).output for some in (b"", b"x\0\n")] == [b"", b"x\0\n"]


def test_what_takes_too_long_is_ended(checkout: Checkout) -> None:
    checkout.git("config", "alias.dream", "!sleep 1000")
    said = run(checkout.folder, "dream", deadline=0.2)
    assert (said.ok, said.complaint) == (False, "it took longer than 0.2 s")
