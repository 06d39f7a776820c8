"""The metrics of a real history: two deploys, a third that rolls itself back, and a rollback by hand."""

from __future__ import annotations

import csv
import io
import shutil
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.small import Small


def test_what_was_done_is_counted_and_told_in_every_form(small: Small) -> None:
    before = small.run("metrics")
    assert (before.code, "0 deployments" in before.out, "rollback history" in before.err) == (0, True, True)
    codes = [small.run(*words, "-y").code for words in (("deploy", "v1"), ("deploy", "v2"), ("deploy", "v3"), ())]
    assert codes == [0, 0, 10, 0]
    _as_json(small)
    _as_csv(small)
    _as_prometheus(small)
    shown = small.run("metrics", "--by", "author")
    assert "lead time: without 1 of 3 deployments" in shown.out
    assert [line.split()[:2] for line in shown.out.splitlines() if line.startswith(("detect", "author"))] == [
        ["detect", f"{_whole(small)['parts']['detect']['p50']:.1f}"],
        ["author", "deployments"],
    ]
    shutil.rmtree(small.project / ".git")
    gone = small.run("metrics", "--json").json["data"]["whole"]
    assert (gone["deployments"], gone["lead_time"]["count"], gone["untold"]) == (3, 0, 1)


def _whole(small: Small) -> Any:
    return small.run("metrics", "--json").json["data"]["whole"]


def _as_json(small: Small) -> None:
    """v3 went back by itself to v2, which was then rolled back by hand. Neither brought a change that stayed."""
    whole = _whole(small)
    assert (whole["deployments"], whole["rollbacks"], whole["open"], whole["untold"]) == (3, 2, 0, 1)
    assert (whole["failed"], whole["rework"]) == ({"some": 2, "all": 3}, {"some": 0, "all": 3})
    assert {name: one["count"] for name, one in whole["parts"].items()} == {
        **dict.fromkeys(("detect", "decide"), 1),
        **dict.fromkeys(("execute", "verify"), 2),
    }
    (shown,) = (one for one in small.run("history", "--json").json["data"] if one["what"] == "deploy v3")
    times = small.run("show", shown["operation"], "--json").json["data"]["times"]
    assert None not in times.values()


def _as_csv(small: Small) -> None:
    (row,) = csv.DictReader(io.StringIO(small.run("metrics", "--csv", "--by", "environment").out))
    assert (row["environment"], row["deployments"], row["failed"], row["rework"]) == ("production", "3", "2", "0")
    assert float(row["recovery_p50_seconds"]) > 0


def _as_prometheus(small: Small) -> None:
    text = small.run("metrics", "--prometheus").out
    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    found = {(one.name, one.labels.get("part"), one.labels.get("quantile")): one for one in samples}
    assert all(one.name.startswith("rollback_delivery_") for one in samples)
    assert found["rollback_delivery_deployments", None, None].value == 3
    assert found["rollback_delivery_change_fail_ratio", None, None].value == 2 / 3
    assert found["rollback_delivery_rollback_seconds", "execute", "0.9"].value > 0
    assert found["rollback_delivery_deployments", None, None].labels == {"app": "tiny", "environment": "production"}
