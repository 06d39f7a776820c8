"""The mistakes can still be planted; that they are noticed is for `make mutants` to show, which takes minutes."""

from __future__ import annotations

import ast
import subprocess

import pytest

from tests.mutants.__main__ import ROOT, planted
from tests.mutants.planted import PLANTED, Planted


@pytest.mark.parametrize("one", PLANTED, ids=lambda one: one.mistake)
def test_a_mistake_can_be_planted_and_is_one_of_meaning_not_of_grammar(one: Planted) -> None:
    text = planted(one, (ROOT / one.file).read_text("utf-8"))
    if one.file.endswith(".py"):
        ast.parse(text)
    else:
        subprocess.run(["sh", "-n"], input=text, text=True, check=True)


def test_every_mistake_has_a_name_of_its_own() -> None:
    assert len({one.mistake for one in PLANTED}) == len(PLANTED)
