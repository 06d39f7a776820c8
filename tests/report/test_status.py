from __future__ import annotations

from dataclasses import replace

import pytest

from rollback.core.fallback import candidates, choose_fallback
from rollback.core.freeze import Freeze
from rollback.core.history import Standings, standings
from rollback.core.past import past
from rollback.core.status import Status, common_live
from rollback.core.vigil import Alarm
from rollback.model import Ended, Grade, Intent, Kind, LeaseSeen, Migration, Outcome, Sighting, Started
from rollback.report import status, tables
from rollback.report.layout import put
from tests.build import V1, V2, V3, at, judged, record, sighting
from tests.report.screen import lines, terminal

OPERATION = "01M856BYS4RGBFHB2GWDXNAHSR"
KNOWN = standings([judged(0, V1), judged(60, V2), judged(120, V3, Grade.BAD)])


def _seen(*sightings: Sighting, found: Standings = KNOWN, unfinished: tuple[str, ...] = ()) -> Status:
    live = common_live(sightings)
    fallback = choose_fallback(sightings, found, besides=live)
    return Status(
        "shop", "production", sightings, live, fallback, candidates(sightings, found, besides=live), unfinished
    )


def _shown(seen: Status, width: int = 80) -> list[str]:
    screen = terminal(width)
    for one in status.status(seen, KNOWN):
        put(screen, one)
    return lines(screen)


def test_at_rest_there_is_a_line_a_host_and_the_way_back() -> None:
    seen = _seen(sighting("web1", V2), sighting("web2", V2))
    assert _shown(seen) == [
        "shop on production: v2 is live",
        "host  live  verdict  lease  unfinished  free",
        "web1  v2    good     -      -           0 B",
        "web2  v2    good     -      -           0 B",
        "fallback: v1 (7631000), known good since 2026-11-20 12:00Z, complete on every",
        "host",
        "  · v3 skipped: bad since 2026-11-20 12:02Z: by a test",
    ]
    assert status.hint(seen, KNOWN) == "rollback releases"


def test_of_a_large_fleet_those_that_are_alike_are_counted_and_the_odd_ones_named() -> None:
    many = [replace(sighting(f"web{number}", V2), free_bytes=number * 1000) for number in range(1, 39)]
    odd = sighting("web39", V1)
    gone = [sighting(f"web{number}", problem="timed out") for number in (40, 41)]
    shown = _shown(_seen(*many, odd, *gone), 100)
    table = next(at for at, line in enumerate(shown) if line.startswith("host "))
    assert shown[table : table + 4] == [
        "host               live        verdict  lease  unfinished  free",
        "38 hosts (web1 …)  v2          good     -      -           1.0 kB or more",
        "web39              v1          good     -      -           0 B",
        "2 hosts (web40 …)  ✗ not seen  ?        ?      ?           ?",
    ]


def test_a_freeze_is_shown_with_who_and_why() -> None:
    frozen = replace(_seen(sighting("web1", V2)), freeze=Freeze("ada", at(0), "the database is moved"))
    assert "! deploys are frozen since 2026-11-20 12:00Z by ada: the database is moved" in _shown(frozen)


def test_an_alarm_of_the_watch_stands_first_and_says_what_to_do() -> None:
    bad = Alarm(V2, Grade.BAD, "login: 1 failure > limit 0", at(0))
    seen = replace(_seen(sighting("web1", V2)), alarm=bad)
    said = "✗ the watch: v2 (7632000) is bad since 2026-11-20 12:00Z: login: 1 failure > limit 0"
    assert (_shown(seen, 100)[3], status.hint(seen, KNOWN)) == (said, "rollback")
    unknown = replace(seen, alarm=Alarm(None, Grade.UNKNOWN, "nothing was measured", at(0)))
    said = "! the watch: what is live is unknown since 2026-11-20 12:00Z: nothing was measured"
    assert (_shown(unknown, 100)[3], status.hint(unknown, KNOWN)) == (said, "rollback verify")
    assert status.hint(replace(seen, fallback=None), KNOWN) == "rollback verify"


def test_what_is_live_and_was_never_judged_is_to_be_marked_before_there_is_a_way_back() -> None:
    seen = _seen(sighting("web1", V1, (V1,)), found={})
    assert status.hint(seen, {}) == "rollback mark good v1 --reason 'it works'"
    known = standings([judged(0, V1)])
    assert status.hint(_seen(sighting("web1", V1, (V1,)), found=known), known) == "rollback releases"


def test_at_a_barrier_the_next_command_is_not_one_that_would_be_refused() -> None:
    seen = replace(_seen(sighting("web1", V3, (V1, V2, V3))), barred=(Migration("0003_nick.sql", "1", True),))
    assert "! barrier: it does not know the irreversible migration 0003_nick.sql" in _shown(seen)
    way = "deploy a release that works; or, when v2 can work with the database as it is: rollback --cross-migrations"
    assert status.hint(seen, KNOWN) == way


def test_in_the_middle_of_an_incident_everything_amiss_is_named_once() -> None:
    lease = LeaseSeen(OPERATION, 7, "ada@laptop", live=True, age=12, left=48, phase="activate")
    intent = Intent(OPERATION, 7, V2.id, V3.id, "switched")
    seen = _seen(
        replace(sighting("web1", V3, (V1, V2, V3), intent), lease=lease),
        replace(sighting("web2", V2), lease=replace(lease, phase="start", left=47)),
        sighting("web3", problem="web3 (port 22) cannot be reached: connection refused."),
        unfinished=(OPERATION,),
    )
    assert _shown(seen, 100) == [
        "shop on production: the hosts differ: v3 on web1, v2 on web2; not seen: web3",
        "host  live        verdict  lease       unfinished   free",
        "web1  v3          bad      ada@laptop  v3 switched  0 B",
        "web2  v2          good     ada@laptop  -            0 B",
        "web3  ✗ not seen  ?        ?           ?            ?",
        "✗ web3 (port 22) cannot be reached: connection refused.",
        "! lease: ada@laptop has it on web1 web2, operation 01M856BYS4RG, in phase activate; unless renewed",
        "  it ends in 48 s",
        "fallback: v2 (7632000), known good since 2026-11-20 12:01Z, complete on every host that was seen",
        "  · v3 skipped: bad since 2026-11-20 12:02Z: by a test",
    ]
    assert status.hint(seen, KNOWN) == "rollback show 01M856BYS4RG"


@pytest.mark.parametrize(
    ("seen", "sentence", "hint"),
    [
        (_seen(sighting("web1", None, ())), "nothing is live yet", "rollback deploy TAG"),
        (_seen(sighting("web1", V3, (V1, V2, V3))), "v3 is live", "rollback"),
        (
            _seen(sighting("web1", V2), sighting("web2", problem="away")),
            "v2 is live on the others; not seen: web2",
            "rollback check",
        ),
        (_seen(sighting("web1", V2), sighting("web2", V1)), "the hosts differ: v2 on web1, v1 on web2", "rollback"),
        (
            _seen(sighting("web1", V2, intent=Intent("X", 1, V1.id, V2.id, "switched"))),
            "a change was left unfinished",
            "rollback",
        ),
        (_seen(sighting("web1", V2, ())), "what is live was not deployed by this tool", "rollback releases"),
    ],
)
def test_one_sentence_and_the_next_command(seen: Status, sentence: str, hint: str) -> None:
    assert (status.sentence(seen), status.hint(seen, KNOWN)) == (sentence, hint)


def test_what_an_operation_left_is_named_when_nobody_holds_the_lease() -> None:
    left = sighting("web1", V2, intent=Intent(OPERATION, 1, V1.id, V2.id, "switched"))
    assert status.amiss((left,), ()) == ("! unfinished: operation 01M856BYS4RG",)
    assert status.amiss((left,), (OPERATION,)) == ("! unfinished: operation 01M856BYS4RG",)


def test_what_there_is_to_resume_is_said_and_is_the_next_command() -> None:
    seen = replace(_seen(sighting("web1", V2), sighting("web2", V3)), pending=("web2", "web9"), to_resume=True)
    assert "! pending: web2 was away when the last operation ended" in _shown(seen)
    assert status.hint(seen, KNOWN) == "rollback resume"


def test_a_fallback_that_a_host_lacks_is_to_be_brought_there() -> None:
    seen = _seen(sighting("web1", V3, (V2, V3)), sighting("web2", V3, (V3,)))
    assert any("known good since 2026-11-20 12:01Z, to be brought to web2" in line for line in _shown(seen, 120))


def test_history_fits_a_narrow_terminal_with_what_show_needs() -> None:
    started = record(0, Started(Kind.DEPLOY, V3, V2, ("web1",)), OPERATION)
    ended = record(9, Ended(Outcome.ROLLED_BACK, reason="login: 2 failures > limit 0"), OPERATION)
    screen = terminal(80)
    for one in tables.history(past([started, ended])):
        put(screen, one)
    assert lines(screen) == [
        "when               what       outcome      by   operation",
        "2026-11-20 12:00Z  deploy v3  rolled back  ada  01M856BYS4RG",
    ]
