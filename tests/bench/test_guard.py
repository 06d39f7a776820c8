"""When the guard says that we got slower."""

from __future__ import annotations

import pytest

from tests.bench.figures import Figures, Row
from tests.bench.guard import Change, changes, slower
from tests.bench.tools import LIMIT, OURS, QUICK, TOOLS


def figures(ours: float, limit: float, hosts: int = 10) -> Figures:
    return Figures("a machine", 1, (Row(0, hosts, OURS, (ours,)), Row(0, hosts, LIMIT, (limit,))))


def test_a_slower_machine_is_no_change() -> None:
    assert changes(figures(0.5, 0.25), figures(5.0, 2.5)) == (Change(0, 10, LIMIT, 2.0, 2.0),)


@pytest.mark.parametrize(("ours", "verdict"), [(0.1, False), (0.95, False), (1.0, True)])
def test_only_what_is_far_worse_is_told(ours: float, verdict: bool) -> None:
    (change,) = changes(figures(0.5, 0.25), figures(ours, 0.25))
    assert (change.is_far_worse, "far worse" in str(change)) == (verdict, verdict)


def test_we_are_slower_where_we_are_beside_everyone() -> None:
    far, near = Change(0, 1, LIMIT, 2.0, 9.0), Change(0, 1, "Capistrano", 2.0, 2.0)
    other = Change(20, 10, LIMIT, 2.0, 9.0)
    assert slower((far, near, other)) == ("10 hosts, 20 ms",)
    assert (slower((far, near)), slower(())) == ((), ())


def test_what_only_one_of_them_measured_is_not_compared() -> None:
    failed = Figures("a machine", 1, (Row(0, 10, OURS, (), (), ("exit code 1",)), Row(0, 10, LIMIT, (0.2,))))
    assert changes(figures(0.5, 0.25), figures(0.5, 0.25, hosts=1)) == ()
    assert changes(figures(0.5, 0.25), failed) == changes(failed, figures(0.5, 0.25)) == ()


def test_the_quick_ones_are_tools() -> None:
    assert set(QUICK) <= {tool.name for tool in TOOLS}
