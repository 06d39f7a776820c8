"""How soon the dashboard's pages are there, with ten thousand operations: `python -m tests.dashboard.bench [COUNT]`.

A real ledger, the real command, the loopback. Says milliseconds: of the first answer of a process that has just begun,
of later ones, of one after something new, and until Chromium has painted.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from rollback.ledger.codec import entry
from rollback.ledger.database import Database
from rollback.ledger.ids import floor
from rollback.model import Record
from tests.build import release
from tests.dashboard.browser import browsing
from tests.dashboard.told import Teller, months

_PLAYBOOK = """
app: shop
root: /srv/shop
restart: "true"
ledger: sqlite:///ledger.sqlite3
checks: [{name: up, command: "true", expect: {exit_status: 0}}]
environments:
  production: {hosts: [web1, web2]}
"""
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
_PAGES = ("/", "/e/production", "/e/production/operations", "/e/production/delivery")


def main(operations: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "playbooks").mkdir()
        (folder / "playbooks/shop.yml").write_text(_PLAYBOOK)
        database = Database(folder / "playbooks/ledger.sqlite3", 5.0)
        records = _until_now(months(operations, every=timedelta(hours=1)))
        database.add(map(entry, records))
        print(f"{operations} operations, {len(records)} records")
        command = [sys.executable, "-m", "rollback", "dashboard", "--every", "0s"]
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, "HOME": name}, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        try:
            _measure(process.stdout.readline().strip(), database, Teller(at=records[-1].at))
        finally:
            process.terminate()
            process.wait(20)


def _until_now(records: Sequence[Record]) -> list[Record]:
    """The same, as if the last had just been written: by their times, and by their ids."""
    late = datetime.now(UTC) - records[-1].at
    begun: dict[str, str] = {}
    for one in records:
        begun.setdefault(one.operation, floor(one.at + late)[:10] + one.operation[10:])
    return [
        replace(one, id=floor(one.at + late)[:10] + one.id[10:], at=one.at + late, operation=begun[one.operation])
        for one in records
    ]


def _measure(link: str, database: Database, teller: Teller) -> None:
    base = link.partition("/?")[0]
    with httpx.Client(base_url=base, follow_redirects=True) as client:
        print(f"first answer                 {_took(lambda: client.get(link)):7.1f} ms")
        for page in _PAGES:
            every = [_took(lambda: client.get(page)) for _ in range(20)]  # noqa: B023 called at once
            print(f"{page:28} {statistics.median(every):7.1f} ms, at most {max(every):.1f}")
        teller._ids = iter(range(10**15, 10**16))
        database.add(map(entry, _until_now(teller.deploy(release("v-new")))))
        print(f"/ after something new        {_took(lambda: client.get('/')):7.1f} ms")
        one = client.get("/e/production/operations").text.split('href="/e/production/operations/')[3].split('"')[0]
        print(f"an operation                 {_took(lambda: client.get(f'/e/production/operations/{one}')):7.1f} ms")
    with browsing() as browser:
        browser.goto(link)
        for shown in _PAGES:
            browser.goto(base + shown)
            while (paint := browser.evaluate(_PAINT)) is None:  # what waits in the page itself its policy forbids
                browser.wait_for_timeout(20)
            print(f"{shown:28} {paint:7.1f} ms to the first paint")


def _took(deed: Callable[[], httpx.Response]) -> float:
    began = time.perf_counter()
    answer = deed()
    took = (time.perf_counter() - began) * 1000
    assert answer.status_code == 200, answer.text
    return took


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 10_000)
