"""The incident in variants: what is decided, what is said of it, and what is live afterwards."""

from __future__ import annotations

from tests.cli.command import Ran
from tests.variants.outside import prometheus
from tests.variants.shop import GOOD, Shop, tag

BACK = [GOOD] * 3
HOME = """
- name: the home page
  timeout: 30s
  load: {path: /, port: "{{host.vars.port}}", requests: 100, concurrency: 4, LIMITS}
"""
ERRORS = HOME.replace("LIMITS", "error_ratio: {max: 1%}")
SLOWER = HOME.replace("100, c", "40, c").replace("LIMITS", "p50: {increase: {ratio: 100%, difference: 20ms}}")
LOG = """
- name: errors in the log
  logs: {file: "WORLD/hosts/{{host.name}}/gunicorn.log", new_exceptions: on}
"""
SEARCH = """
- name: the search
  http: {path: /search, port: "{{host.vars.port}}"}
  expect: {status: 200}
"""
RATE = """
- name: the error rate
  prometheus: {url: "URL", query: "vector(0)", max: 0.01}
"""


def ends(done: Ran, code: int, *said: str) -> None:
    """With this code, and these lines in its explanation."""
    assert done.code == code, done.err + done.out
    assert [line for line in said if line not in done.out] == [], done.out


def rolled_back(shop: Shop, done: Ran, defect: str, *said: str) -> None:
    """By itself, everywhere, and as bad."""
    ends(done, 10, f"↩ {tag(defect)} is bad; {GOOD} is back and verified\n", *said)
    assert shop.lives() == BACK


def test_70_percent_of_users_fail(shop: Shop) -> None:
    done = shop.deploy("v1.2.0", "plain")
    line = "✗ login[no_profile, corrupt_profile] on web1: POST /login answered 500, expected 302  ("
    rolled_back(shop, done, "v1.2.0", "login: 2 failures > limit 0\n", line)


def test_5_percent_of_requests_fail(shop: Shop) -> None:
    done = shop.deploy("5-percent", shop.book("errors", ERRORS))
    line = "✗ the home page on web1: 5 errors in 100 requests (5.0%; 500: 5), expected at most 1%  ("
    rolled_back(shop, done, "5-percent", line, "before the deploy: no error in 100 requests (so below about 3.0%)")


def test_only_one_of_three_hosts_fails(shop: Shop) -> None:
    for host in ("web1", "web3"):
        shop.file(host, "zone").write_text("north")
    done = shop.deploy("a-file-of-the-host", "plain")
    line = "✗ login[complete, no_profile, corrupt_profile] on web2: GET /login answered 500, expected 200  ("
    rolled_back(shop, done, "a-file-of-the-host", line)
    assert ("web1:" in done.out, "web3:" in done.out) == (False, False)


def test_it_fails_only_after_two_minutes(shop: Shop) -> None:
    """Of its own clock, which is put forward once the watch has begun: nobody waits for two minutes here."""
    running = shop.begin("deploy", tag("after-two-minutes"), "-y", "-p", shop.book("watched", watch=shop.WATCH))
    running.until("watch     v2-after-two-minutes")
    for host in shop.hosts():
        shop.file(host, "seconds-forward").write_text("121")
    done = running.wait()
    rolled_back(shop, done, "after-two-minutes", "✗ login[", "GET /login answered 500, expected 200  (")
    assert "✓ web1: 5 checks passed" in done.err  # at first


def test_it_fails_only_under_load(shop: Shop) -> None:
    done = shop.deploy("under-load", shop.book("errors", ERRORS))
    rolled_back(shop, done, "under-load", "✗ the home page on web1: ", " errors in 100 requests (")


def test_a_memory_leak_that_ends_in_502(shop: Shop) -> None:
    """The watch sees what users see: nginx's own answer for an app that is gone."""
    book = shop.book("users", watch=shop.WATCH, watched={"the users' view"})
    running = shop.begin("deploy", tag("leak"), "-y", "-p", book)
    running.until("watch     v2-leak")
    shop.visit(60)
    line = "✗ the users' view: GET /login answered 502, expected 200  ("
    rolled_back(shop, running.wait(), "leak", line, "before the deploy: GET /login answered 200\n")


def test_latency_times_five_without_errors(shop: Shop) -> None:
    done = shop.deploy("slow", shop.book("slower", SLOWER))
    line = "✗ the home page on web1: p50 "
    rolled_back(shop, done, "slow", line, " of 40 answers, before ", "expected at most 100% or 20 ms more than before")
    assert "| now: no error in 40 requests" in done.out


def test_a_new_exception_in_the_log_with_all_checks_green(shop: Shop) -> None:
    done = shop.deploy("noisy", shop.book("log", LOG))
    line = "✗ errors in the log on web1: "  # which of two comes first is chance
    rolled_back(shop, done, "noisy", line, "never before the switch", "| KeyError: 'profile'\n")
    assert done.out.count("✗") == 1


def test_prometheus_goes_away_and_the_deploy_is_held_and_goes_on_later(shop: Shop) -> None:
    with prometheus(shop.world.folder) as (url, pid):
        book = shop.book("rate", RATE.replace("URL", url), prepare=[f"kill {pid} || true"])
        done = shop.deploy("prometheus", book)
    why = "the error rate could not be measured: Prometheus: connection refused"
    ends(done, 13, f"held: v2-prometheus could be judged neither good nor bad: {why}\n")
    assert shop.lives() == ["v2-prometheus", GOOD, GOOD]
    assert "next      rollback verify; then rollback deploy v2-prometheus to go on, or rollback\n" in done.err
    ends(shop.deploy("prometheus", "plain"), 0)
    assert shop.lives() == ["v2-prometheus"] * 3


def test_the_load_balancer_goes_down_and_the_release_is_not_blamed(shop: Shop) -> None:
    gone = [f"kill $(cat {shop.nginx}/nginx.pid) || true"]
    book = shop.book("balancer", prepare=gone, drain="", undrain="")
    try:
        done = shop.deploy("balancer", book)
        why = "connection refused, though asked directly web1 answered: is the load balancer up?"
        held = "held: v2-balancer could be judged neither good nor bad: the users' view could not be measured: "
        ends(done, 13, f"{held}{why}\n", f"! the users' view: {why}")
        assert shop.lives() == ["v2-balancer", GOOD, GOOD]
        found = shop.run("verify", "-p", book)
        assert (found.code, "connection refused, though asked directly web1 web2 web3 answered" in found.out) == (
            13,
            True,
        )
        again = shop.deploy("balancer", book)
        assert (again.code, "red before the deploy: the users' view: connection refused" in again.err) == (3, True)
    finally:
        shop.balancer_again()


def test_a_load_balancer_that_can_not_be_told_to_drain_is_not_the_releases_fault(shop: Shop) -> None:
    gone = [f"kill $(cat {shop.nginx}/nginx.pid) || true"]
    try:
        done = shop.deploy("drains", shop.book("drains", prepare=gone))
        ends(done, 12, "! activate on web1: failed: drain: exit status 1: ")
    finally:
        shop.balancer_again()
    assert "is bad" not in done.out + done.err
    assert shop.lives() == BACK


def test_a_check_that_was_red_before_stops_the_deploy_and_can_not_condemn_a_forced_one(shop: Shop) -> None:
    book = shop.book("red", SEARCH)
    refused = shop.deploy("red", book)
    assert (refused.code, shop.lives()) == (3, BACK)
    assert "red before the deploy: the search on web1: GET /search answered 404, expected 200" in refused.err
    forced = shop.deploy("red", book, "--force", "--hosts", "web1")
    ends(forced, 0, "rule      every required check passed, but for what was red before: the search\n")
    assert shop.lives() == ["v2-red", GOOD, GOOD]


def test_the_restart_that_did_not_take(shop: Shop) -> None:
    done = shop.deploy("restart", shop.book("restart", restart="true"))
    line = f"✗ the right release everywhere on web1: GET /healthz X-Release: {GOOD}, expected X-Release: v2-restart  ("
    rolled_back(shop, done, "restart", line)


def test_the_restart_that_did_not_take_of_an_app_that_does_not_say_its_release(shop: Shop) -> None:
    soon = {"healthy_deadline": "1s"}
    book = shop.book("unsaid", without="the right release everywhere", restart="true", gate=soon)
    done = shop.deploy("restart-unsaid", book)
    line = "✗ only this release runs on web1: not healthy within 1 s: 2 processes live in another release's folder"
    rolled_back(shop, done, "restart-unsaid", line, f" releases/{GOOD}-")


def test_the_old_release_fails_too_after_the_rollback(shop: Shop) -> None:
    whole = shop.file("web1", "accounts.json").read_text()
    try:
        done = shop.deploy("migrates-data", "plain")
    finally:
        shop.file("web1", "accounts.json").write_text(whole)
    why = f"{GOOD} fails the same check (login): the cause is probably not v2-migrates-data but data, configuration or"
    ends(done, 12, f"✗ stranded, a person is needed: {why} a dependency\n", "  after the rollback:\n")
    assert shop.lives() == BACK
    ends(shop.run("resume", "-y", "-p", "plain"), 0)
