"""The incident in variants: what is decided, who is blamed, what is said of it, and what is live afterwards."""

from __future__ import annotations

from tests.variants.shop import GOOD, Shop

HOME = """
- name: the home page under load
  timeout: 30s
  load: {path: /, port: "{{host.vars.port}}", requests: 100, concurrency: 4, LIMITS}
"""
LOG = """
- name: errors in the log
  logs: {file: "WORLD/hosts/{{host.name}}/gunicorn.log", new_exceptions: on}
"""
EVERYWHERE = [GOOD] * 3


def test_70_percent_of_users_fail(shop: Shop) -> None:
    done = shop.deploy("v1.2.0", "plain")
    print(done.err, done.out)
    assert (done.code, shop.lives()) == (10, EVERYWHERE), done.err


def test_5_percent_of_requests_fail(shop: Shop) -> None:
    book = shop.book("five", HOME.replace("LIMITS", "error_ratio: {max: 1%}"))
    done = shop.deploy("5-percent", book)
    print(done.err, done.out)
    assert (done.code, shop.lives()) == (10, EVERYWHERE), done.err


def test_only_one_of_three_hosts_fails(shop: Shop) -> None:
    for host in ("web1", "web3"):
        shop.file(host, "zone").write_text("north")
    done = shop.deploy("a-file-of-the-host", shop.book("host"))
    print(done.err, done.out)
    assert (done.code, shop.lives()) == (10, EVERYWHERE), done.err


def test_it_fails_only_under_load(shop: Shop) -> None:
    book = shop.book("load", HOME.replace("LIMITS", "error_ratio: {max: 1%}"))
    done = shop.deploy("under-load", book)
    print(done.err, done.out)
    assert (done.code, shop.lives()) == (10, EVERYWHERE), done.err


def test_latency_times_five_without_errors(shop: Shop) -> None:
    more = "error_ratio: {max: 1%}, p50: {increase: {ratio: 100%, difference: 20ms}}"
    done = shop.deploy("slow", shop.book("slow", HOME.replace("LIMITS", more)))
    print(done.err, done.out)
    assert (done.code, shop.lives()) == (10, EVERYWHERE), done.err


def test_new_exception_in_the_log_with_all_checks_green(shop: Shop) -> None:
    done = shop.deploy("noisy", shop.book("noisy", LOG))
    print(done.err, done.out)
    assert (done.code, shop.lives()) == (10, EVERYWHERE), done.err


def test_the_restart_that_did_not_take(shop: Shop) -> None:
    done = shop.deploy("fine", shop.book("restart", restart="true", gate={"healthy_deadline": "2s"}))
    print(done.err, done.out)
    assert (done.code, shop.lives()) == (10, EVERYWHERE), done.err
