from __future__ import annotations

from dataclasses import replace

from rollback.events import Began, Event, Found, Moved, Noticed, Sampled
from rollback.model import Phase, Result, Step
from rollback.report.board import Board
from tests.build import V1, V2, finding
from tests.report.screen import lines, terminal

HOSTS = ("web1", "web2")
FAILED = replace(finding(result=Result.FAIL), observed="GET /login answered 500", expected="200")


def _done(phase: Phase, host: str, observed: str) -> Event:
    return Found(replace(finding(phase, host=host), observed=observed))


FORWARD: tuple[Event, ...] = (
    Began(Step(Phase.UPLOAD, V2, HOSTS)),
    _done(Phase.UPLOAD, "web1", "uploaded"),
    Moved("web2", "upload", "61 %"),
    Began(Step(Phase.ACTIVATE, V2, ("web1",))),
    _done(Phase.ACTIVATE, "web1", "live"),
    Began(Step(Phase.VERIFY, V2, ("web1",))),
)
BACK: tuple[Event, ...] = (
    Found(FAILED),
    Found(finding("health")),
    Noticed("going back to v1 on web1"),
    Began(Step(Phase.ACTIVATE, V1, ("web1",))),
    _done(Phase.ACTIVATE, "web1", "live"),
    Began(Step(Phase.VERIFY, V1, ("web1",))),
    Found(finding()),
    Found(finding("health")),
    Found(finding("finish")),
)


def _table(*events: Event, width: int = 80, hosts: tuple[str, ...] = HOSTS) -> list[str]:
    """The table after these events."""
    board = Board(terminal(), hosts, verbose=False)
    with board:
        for event in events:
            board(event)
    console = terminal(width)
    console.print(board.table())
    return lines(console)


def test_a_row_a_host_and_a_column_a_phase() -> None:
    assert _table(*FORWARD) == [
        "host  upload      activate   verify",
        "web1  ✓ uploaded  ✓ v2 live  v2 …",
        "web2  61 %",
    ]


def test_what_failed_stays_in_its_cell() -> None:
    assert _table(*FORWARD, *BACK[:2])[1] == "web1  ✓ uploaded  ✓ v2 live  ✗ login"


def test_after_the_way_back_the_row_shows_what_is_live_now() -> None:
    assert _table(*FORWARD, *BACK)[1:] == ["web1  ✓ uploaded  ✓ v1 live  ✓ 2 checks", "web2  61 %"]


def test_a_pause_says_how_much_of_it_is_left_and_leaves_the_table_alone() -> None:
    """Also where nothing is asked meanwhile."""
    board = Board(terminal(), HOSTS, verbose=False)
    with board:
        for event in (*FORWARD, Began(Step(Phase.PAUSE, V2, ("web1",)), 60.0), Sampled((), 42.0)):
            board(event)
        console = terminal()
        console.print(board.shown())
    assert [line.rstrip() for line in lines(console)][1:] == [
        "web1  ✓ uploaded  ✓ v2 live  v2 …",
        "web2  61 %",
        "pause    42.0 s left",
    ]


def test_long_states_are_cut_rather_than_wrapped() -> None:
    waiting = Moved("web1", "verify", "not ready: connection refused by 127.0.0.1 port 8000")
    assert _table(*FORWARD, waiting, width=60) == [
        "host  upload      activate   verify",
        "web1  ✓ uploaded  ✓ v2 live  not ready: connection ref…",
        "web2  61 %",
    ]


def test_many_hosts_are_counted_and_the_odd_one_is_named() -> None:
    hosts = tuple(f"web{n}" for n in range(1, 41))
    events = (Began(Step(Phase.UPLOAD, V2, hosts)), *(_done(Phase.UPLOAD, host, "uploaded") for host in hosts[1:]))
    assert _table(*events, hosts=hosts) == [
        "host               upload",
        "web1               v2 …",
        "39 hosts (web2 …)  ✓ uploaded",
    ]


def _scrolled(*events: Event) -> list[str]:
    console = terminal()
    with Board(console, HOSTS, verbose=False) as board:
        for event in events:
            board(event)
    return lines(console)


def test_what_was_asked_before_the_table_began_is_summed_up() -> None:
    assert _scrolled(Noticed("preflight"), Found(finding()), Found(finding(host="web2"))) == [
        "→ preflight",
        "  ✓ web1 web2: 1 check passed",
    ]


def test_failures_and_notices_are_told_in_full_above_the_table() -> None:
    shown = "\n".join(_scrolled(*FORWARD, *BACK))
    assert shown.count("  ✗ login on web1: GET /login answered 500, expected 200") == 1
    assert shown.count("→ going back to v1 on web1") == 1


def test_what_was_verified_stays_when_users_come_back() -> None:
    back = replace(finding("undrain"), observed="takes users again")
    assert _table(*FORWARD, Found(finding()), Found(back))[1] == "web1  ✓ uploaded  ✓ v2 live  ✓ 1 check"
    assert _table(*FORWARD, Found(back))[1] == "web1  ✓ uploaded  ✓ v2 live  ✓ takes users again"


def test_of_the_url_is_said_once_when_all_waves_are_done() -> None:
    waves = (Began(Step(Phase.VERIFY, V2, (host,))) for host in HOSTS)
    events = (event for wave in waves for event in (wave, Found(finding(host=None))))
    shown = "\n".join(_scrolled(*events))
    assert (shown.count("the url"), "  ✓ the url: 2 checks passed" in shown) == (1, True)
