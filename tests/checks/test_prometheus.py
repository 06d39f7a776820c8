"""`prometheus`: a real one that scrapes a small exporter, and a stand-in for what a real one seldom says."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest

from rollback.model import Finding, Result
from tests.build import release
from tests.checks.world import App, Asked, Page, closed_port, serving, told, world

PASS, FAIL, ERROR, INCONCLUSIVE = Result.PASS, Result.FAIL, Result.ERROR, Result.INCONCLUSIVE


def ask(url: str, query: str, bounds: str, tag: str = "v2") -> Finding:
    check = f"  - {{name: rate, prometheus: {{url: '{url}', query: '{query}', {bounds}}}}}"
    (found,) = world(check).ask(release(tag))
    return found


@dataclass
class Real:
    url: str
    metrics: dict[str, str]  # as the exporter shows them


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("the Debian package prometheus is not installed")
    folder = tmp_path_factory.mktemp("prometheus")
    metrics = {
        "errors_ratio": "0.25",
        'http_ratio{code="500"}': "0.02",
        'http_ratio{code="200"}': "0.98",
        'build{release="v2"}': "1",
    }

    def exporter(_: Asked) -> Page:
        text = "".join(f"{name} {value}\n" for name, value in metrics.items())
        return Page(body=text, headers=(("Content-Type", "text/plain; version=0.0.4"),))

    with serving(exporter) as app, closed_port() as port:
        pass
    with serving(exporter) as app:
        url, process = f"http://127.0.0.1:{port}", _started(program, folder, app.port, port)
        try:
            _wait_until(url, "errors_ratio")
            yield Real(url, metrics)
        finally:
            process.terminate()
            process.wait(30)


def _started(program: str, folder: Path, scraped: int, port: int) -> subprocess.Popen[bytes]:
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\n"
        f"scrape_configs: [{{job_name: shop, static_configs: [{{targets: ['127.0.0.1:{scraped}']}}]}}]\n"
    )
    words = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen([program, *words, f"--web.listen-address=127.0.0.1:{port}"], stderr=log, stdout=log)


def _wait_until(url: str, metric: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urlopen(f"{url}/api/v1/query?query={metric}") as answer:
                if json.load(answer)["data"]["result"]:
                    return
        except OSError:
            pass
        time.sleep(0.2)
    pytest.fail("Prometheus did not scrape within a minute")


REAL = [
    ("errors_ratio", "max: 0.3", (PASS, 'the value is 0.25 errors_ratio{instance="@", job="shop"}', "")),
    ("errors_ratio", "max: 0.2", (FAIL, 'the value is 0.25 errors_ratio{instance="@", job="shop"}', "at most 0.2")),
    ("sum(errors_ratio)", "min: 0.5, max: 1", (FAIL, "the value is 0.25", "0.5 to 1")),
    ("scalar(sum(errors_ratio))", "min: 0.5", (FAIL, "the value is 0.25", "at least 0.5")),
    ("sum by (code) (http_ratio)", "max: 1", (PASS, "the values of 2 series are between 0.02 and 0.98", "")),
    ("sum by (code) (http_ratio)", "max: 0.5", (FAIL, 'the value is 0.98 {code="200"}', "at most 0.5")),
    (
        "sum by (code) (http_ratio)",
        "max: 0.01",
        (FAIL, 'the value is 0.98 {code="200"} (and 1 more of 2 series)', "at most 0.01"),
    ),
    ("sum(errors_ratio) / 0", "max: 1", (FAIL, "the value is inf", "at most 1")),
    ("nothing_like_it", "max: 1", (INCONCLUSIVE, "no data: the query selects nothing", "at most 1")),
    ("nothing_like_it", "max: 1, on_no_data: fail", (FAIL, "no data: the query selects nothing", "at most 1")),
    ("nothing_like_it", "max: 1, on_no_data: pass", (PASS, "no data: the query selects nothing", "at most 1")),
    ("0 * sum(errors_ratio) / 0", "max: 1", (INCONCLUSIVE, "no data: every value is NaN", "at most 1")),
    (
        'sum by (code) (http_ratio{code="200"}) or sum by (code) (http_ratio{code="500"} * NaN)',
        "max: 1",
        (PASS, 'the value is 0.98 {code="200"}', ""),
    ),
    ('sum(build{release="{{release.tag}}"})', "min: 1", (PASS, "the value is 1", "")),
    (
        "errors_ratio[1m]",
        "max: 1",
        (ERROR, "the query gives a matrix", "one value a series: an instant vector or a scalar"),
    ),
]


@pytest.mark.parametrize(("query", "bounds", "said"), REAL)
def test_a_value_is_held_against_its_bounds(real: Real, query: str, bounds: str, said: tuple[Result, str, str]) -> None:
    result, observed, expected = told(ask(real.url, query, bounds))
    instance = observed.partition('instance="')[2].partition('"')[0]
    assert (result, observed.replace(instance, "@") if instance else observed, expected) == said


def test_what_prometheus_refuses_is_an_error_in_its_own_words(real: Real) -> None:
    found = ask(real.url, "sum(((", "max: 1")
    assert (found.result, found.expected, found.attempts) == (ERROR, "a value", 1)
    assert found.observed.startswith("Prometheus answered 400: ")
    assert "parse error" in found.observed


def test_a_tag_never_ends_the_string_that_it_stands_in(real: Real) -> None:
    """Nor is it taken for PromQL."""
    hostile = 'v2"}or(vector(9))or(x{a="'
    found = ask(real.url, 'build{release="{{release.tag}}"}', "max: 1", hostile)
    assert told(found) == (INCONCLUSIVE, "no data: the query selects nothing", "at most 1")


def test_a_prometheus_that_is_away_is_an_error_and_asked_again() -> None:
    with closed_port() as port:
        found = ask(f"http://127.0.0.1:{port}", "up", "max: 1")
        assert (*told(found), found.attempts) == (ERROR, "Prometheus: connection refused", "an answer", 3)


def success(kind: str, result: object) -> str:
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": result}})


ODD = [
    (Page(503, "no healthy upstream"), "Prometheus answered 503, and not as Prometheus does", 3),
    (Page(401, "who are you?"), "Prometheus answered 401, and not as Prometheus does", 1),
    (Page(302, "", (("Location", "/login"),)), "Prometheus answered 302, and not as Prometheus does", 1),
    (Page(200, "<html>a login page</html>"), "Prometheus answered 200, and not as Prometheus does", 1),
    (Page(200, "[" * 100_000), "Prometheus answered 200, and not as Prometheus does", 1),
    (Page(200, "x" * (2 << 20)), "Prometheus answered 200, and more than can be read", 1),
    (Page(503, '{"status": "error", "error": "query timed out"}'), "Prometheus answered 503: query timed out", 3),
    (Page(422, '{"status": "error", "error": "many-to-many"}'), "Prometheus answered 422: many-to-many", 1),
    (Page(200, '{"status": "success"}'), "Prometheus answered 200: no data", 1),
    (Page(200, success("vector", [{"metric": {}}])), "the query gives something without a value (a histogram?)", 1),
    (Page(200, success("vector", [3])), "the query gives something without a value (a histogram?)", 1),
    (Page(200, success("scalar", "3")), "the query gives something without a value (a histogram?)", 1),
    (
        Page(200, success("vector", [{"metric": {}, "value": [1, "many"]}])),
        "the query gives something without a value",
        1,
    ),
    (Page(200, success("string", [1, "x"])), "the query gives a string", 1),
]


@pytest.mark.parametrize(("page", "observed", "attempts"), ODD)
def test_an_answer_that_is_none_is_an_error_whatever_it_is(page: Page, observed: str, attempts: int) -> None:
    with serving(lambda _: page) as app:
        found = ask(f"http://127.0.0.1:{app.port}/", "up", "max: 1")
        assert (found.result, found.attempts) == (ERROR, attempts)
        assert found.observed.startswith(observed)


def test_the_query_and_the_token_are_sent_and_the_token_is_never_shown() -> None:
    def mirror(asked: Asked) -> Page:
        return Page(403, asked.headers["authorization"])

    with serving(mirror) as app:
        check = f"""
  - name: rate
    prometheus:
      url: "http://127.0.0.1:{app.port}/prom/"
      query: 'sum(x{{a="b c"}})'
      headers: {{Authorization: "Bearer ${{TOKEN}}"}}
      max: 1
"""
        (found,) = world(check, environ={"TOKEN": "t0ken-t0ken"}).ask()
        assert (found.result, found.evidence) == (ERROR, "[authorization]")
        assert _asked(app) == ("/prom/api/v1/query", {"query": ['sum(x{a="b c"})']}, "Bearer t0ken-t0ken")


def _asked(app: App) -> tuple[str, dict[str, list[str]], str]:
    (one,) = app.asked
    return urlsplit(one.path).path, parse_qs(urlsplit(one.path).query), one.headers["authorization"]
