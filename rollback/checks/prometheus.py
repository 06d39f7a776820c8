"""The check `prometheus`: the value of a PromQL query, asked from here, between its bounds.

Prometheus' own trouble says nothing of the release: whatever keeps it from answering is an error. The HTTP API:
https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from rollback.checks.exchange import Conversation
from rollback.checks.expect import Response
from rollback.checks.question import NoAnswer, Question, Said
from rollback.checks.request import Sent, filled
from rollback.model import Result
from rollback.text import clean_line

if TYPE_CHECKING:
    from rollback.playbook.kinds import Prometheus

_SHOWN = 10  # series
_BUSY = {429, 502, 503, 504}  # may be otherwise when it is asked again
_NO_DATA = {"inconclusive": Result.INCONCLUSIVE, "fail": Result.FAIL, "pass": Result.PASS}


@dataclass(frozen=True, slots=True)
class Series:
    """One value of the answer. labels: as PromQL writes them, "" for a scalar."""

    labels: str
    value: float

    def __str__(self) -> str:
        return f"{self.value:.6g} {self.labels}".rstrip()


def ask(question: Question) -> Said:
    """Raises: NoAnswer, UsageError."""
    prometheus = question.check.prometheus
    assert prometheus is not None
    series = tuple(_series(_answer(question, prometheus)))
    measured = tuple(one for one in series if not math.isnan(one.value))
    if not measured:
        result = _NO_DATA[prometheus.on_no_data]
        why = "no data: every value is NaN" if series else "no data: the query selects nothing"
        return Said(result, why, _bounds(prometheus), settled=result is Result.PASS)  # the next scrape may bring some
    outside = sorted(
        (one for one in measured if _distance(one, prometheus) > 0), key=lambda one: -_distance(one, prometheus)
    )
    evidence = question.opening("\n".join(map(str, (outside or measured)[:_SHOWN])))
    if outside:
        more = f" (and {len(outside) - 1} more of {len(measured)} series)" if outside[1:] else ""
        return Said(Result.FAIL, f"the value is {outside[0]}{more}", _bounds(prometheus), evidence)
    return Said(Result.PASS, _all_within(measured), evidence=evidence)


def _all_within(measured: tuple[Series, ...]) -> str:
    if len(measured) == 1:
        return f"the value is {measured[0]}"
    values = [one.value for one in measured]
    return f"the values of {len(values)} series are between {min(values):.6g} and {max(values):.6g}"


def _distance(one: Series, bounds: Prometheus) -> float:
    """How far outside the bounds it is; 0 inside."""
    low = bounds.min - one.value if bounds.min is not None else 0.0
    high = one.value - bounds.max if bounds.max is not None else 0.0
    return max(low, high, 0.0)


def _bounds(bounds: Prometheus) -> str:
    if bounds.min is None:
        return f"at most {bounds.max:g}"
    return f"at least {bounds.min:g}" if bounds.max is None else f"{bounds.min:g} to {bounds.max:g}"


def _answer(question: Question, prometheus: Prometheus) -> Mapping[str, object]:
    """The answer's `data`. Raises: NoAnswer, always with an error."""
    query = urlencode({"query": question.fill_quoted(prometheus.query)})
    url = f"{question.fill(prometheus.url).rstrip('/')}/api/v1/query?{query}"
    sent = Sent("GET", "/", 0, url, headers=filled(question, prometheus.headers))
    try:
        with Conversation(question, None) as talk:
            response = talk.send(sent)
    except NoAnswer as none:
        raise NoAnswer(replace(none.said, result=Result.ERROR, observed=f"Prometheus: {none.said.observed}")) from none
    return _data(question, response)


def _data(question: Question, response: Response) -> Mapping[str, object]:
    try:
        told = json.loads(response.body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict) or told.get("status") not in {"success", "error"}:
        what = "more than can be read" if response.more else "not as Prometheus does"
        raise _trouble(f"answered {response.status}, and {what}", response, question)
    if told["status"] == "error" or response.status >= 300 or not isinstance(told.get("data"), dict):
        raise _trouble(
            f"answered {response.status}: {clean_line(str(told.get('error', 'no data')))}", response, question
        )
    data: Mapping[str, object] = told["data"]
    return data


def _trouble(said: str, response: Response, question: Question) -> NoAnswer:
    settled = response.status not in _BUSY and not response.cut
    return NoAnswer(
        Said(Result.ERROR, f"Prometheus {said}", "a value", question.opening(response.text), settled=settled)
    )


def _series(data: Mapping[str, object]) -> Iterator[Series]:
    """Raises: NoAnswer, for what is no instant value."""
    kind, result = data.get("resultType"), data.get("result")
    try:
        if kind == "scalar":
            yield Series("", _value(result))
        elif kind == "vector" and isinstance(result, list):
            for one in result:
                yield Series(_labels(one["metric"]), _value(one["value"]))
        else:
            raise _no_number(f"a {clean_line(str(kind), 40)}")
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise _no_number("something without a value (a histogram?)") from error


def _no_number(what: str) -> NoAnswer:
    return NoAnswer(Said(Result.ERROR, f"the query gives {what}", "one value a series: an instant vector or a scalar"))


def _value(pair: object) -> float:
    if not isinstance(pair, list):
        raise TypeError("a value is a pair of time and text")
    return float(pair[1])


def _labels(metric: Mapping[str, str]) -> str:
    named = ", ".join(f'{name}="{value}"' for name, value in metric.items() if name != "__name__")
    return metric.get("__name__", "") + (f"{{{named}}}" if named else "")
