"""Faults of checks: none passes vacuously, none names what nobody fills in."""

from __future__ import annotations

import pytest

from tests.playbook.written import GOOD, faults

ONE_KIND = "needs exactly one of http, flow, command, tcp, running, logs, prometheus, load, exec"

CHANGED = [
    ("    expect: {status: 200}\n", "", ["7: checks[0]: expects nothing: http needs expect (like {status: 200})"]),
    ("{status: 200}", "{}", ["9: checks[0].expect: expects nothing: a check without an expectation always passes"]),
    ("{status: 200}", "{json: {}}", ["9: checks[0].expect.json: expects nothing: it is empty"]),
    (
        "{status: 200}",
        "{body: {}}",
        ["9: checks[0].expect.body: expects nothing: say contains, matches or not_matches"],
    ),
    ("{status: 200}", "{status: []}", ["9: checks[0].expect.status: is an empty list: at least one is needed"]),
    ("{status: 200}", "", ["9: checks[0].expect: nothing is not a mapping"]),
    ("{status: 200}", "{status: ok}", ['9: checks[0].expect.status: "ok" is not an HTTP status (like 200)']),
    ("{status: 200}", "{status: [200, 20]}", ['9: checks[0].expect.status[1]: "20" is not between 100 and 599']),
    ("{status: 200}", "{exit_status: 0}", ["9: checks[0].expect.exit_status: http does not answer it"]),
    (
        "{status: 200}",
        "{response_time: {max: 10x}}",
        ['9: checks[0].expect.response_time.max: "10x" is not a duration (like 10s or 5m)'],
    ),
    ("{status: 200}", "{json: {user: x}}", ['9: checks[0].expect.json.user: "user" is not a JSONPath (like $.user)']),
    (
        "{status: 200}",
        "{status: 200}\n    failure_limit: 3",
        ["10: checks[0].failure_limit: 3 can never be exceeded: the gate of production asks 3 times"],
    ),
    (
        "    hosts: [web1]\nchecks:\n",
        "    hosts: [web1]\n    verify: {watch: {}}\nchecks:\n  - name: down\n    running: {}\n"
        "    phase: watch\n    consecutive_failure_limit: 21\n",
        ["11: checks[0].consecutive_failure_limit: 21 can never be exceeded: the watch of production asks 21 times"],
    ),
    (
        "{status: 200}",
        "{status: 200}\n    severity: warn",
        ["6: checks: none is required in the gate: no release could ever be found bad"],
    ),
    (
        "{status: 200}",
        "{status: 200}\n    phase: watch",
        [
            "6: checks: none is required in the gate: no release could ever be found bad",
            "10: checks[0].phase: is for the watch only, and no environment has verify.watch",
        ],
    ),
    (
        "{status: 200}",
        "{status: 200}\n    for_each: {user: []}",
        ["10: checks[0].for_each.user: is an empty list: at least one is needed"],
    ),
    (
        "{status: 200}",
        "{status: 200}\n    for_each: {user: [a, a]}",
        ["10: checks[0].for_each.user: names a value twice"],
    ),
    (
        "{status: 200}",
        "{status: 200}\n    for_each: {app: [a]}",
        ['10: checks[0].for_each.app: "app" is taken: choose another name'],
    ),
    ("{status: 200}", "{status: 200}\n    via: url", ["10: checks[0].via: goes inside http"]),
    (
        "{status: 200}",
        "{status: 200}\n  - name: up\n    tcp: {port: 1}",
        ['10: checks[1].name: "up" is already the name of a check'],
    ),
    (
        "http: {path: /healthz}",
        "http: {path: /healthz}\n    tcp: {port: 1}",
        [f"7: checks[0]: {ONE_KIND}: it has http and tcp"],
    ),
    (
        "    http: {path: /healthz}\n",
        "",
        [f"7: checks[0]: {ONE_KIND}: it has none"],
    ),
    (
        "{path: /healthz}",
        "{path: /healthz, via: url}",
        ["7: checks[0]: is asked via url, and environments.production has no url"],
    ),
    ("{path: /healthz}", "{path: '/{{url}}'}", ["7: checks[0]: uses {{url}}, and environments.production has no url"]),
    ("{path: /healthz}", "{path: healthz}", ['8: checks[0].http.path: "healthz" is not a path (like /healthz)']),
    (
        "{path: /healthz}",
        "{url: 'https://x', via: host}",
        ["8: checks[0].http.via: with `url`, the address is asked from here: via is url"],
    ),
    ("{path: /healthz}", "{path: /, url: 'https://x'}", ["8: checks[0].http: needs path or url"]),
    (
        "{path: /healthz}",
        "{path: /, body: a, form: {b: c}}",
        ["8: checks[0].http.form: a request has one body: leave out body or form"],
    ),
    ("{path: /healthz}", "{path: /, port: 99999}", ['8: checks[0].http.port: "99999" is not between 1 and 65535']),
    (
        "{path: /healthz}",
        "{path: /, port: '{{host.vars.port}}'}",
        ["8: checks[0].http.port: {{host.vars.port}}: no vars.port on web1 of production"],
    ),
    (
        "{path: /healthz}",
        "{path: /, basic_auth: {user: a, password: b}}",
        [
            "8: checks[0].http.basic_auth.password: is written out: name it as ${NAME}; "
            "it comes from the environment at use"
        ],
    ),
    (
        "{path: /healthz}",
        '{path: "/{{release.tga}}"}',
        ["8: checks[0].http.path: unknown name {{release.tga}}; did you mean {{release.tag}}?"],
    ),
    (
        "{path: /healthz}",
        '{path: "/{{release"}',
        ['8: checks[0].http.path: "{{release" is not a name in {{…}} (like {{release.tag}})'],
    ),
    (
        "{path: /healthz}",
        '{path: "/{{host.name}}", via: both}',
        ["8: checks[0].http.path: {{host.name}} is not known here: via url, no host is asked"],
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), CHANGED)
def test_a_fault_of_a_check_is_told_with_its_line_its_key_and_what_would_be_right(
    old: str, new: str, expected: list[str]
) -> None:
    assert faults(GOOD.replace(old, new, 1)) == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("tcp: {}", "8: checks[0].tcp.port: is missing"),
        ("flow: []", "8: checks[0].flow: is an empty list: at least one is needed"),
        ("flow: [{request: {get: /}}]", "8: checks[0].flow: expects nothing: at least one step needs expect"),
        ("flow: [{expect: {status: 200}}]", "8: checks[0].flow[0].request: is missing"),
        (
            "flow: [{request: {get: /, post: /}, expect: {status: 200}}]",
            "8: checks[0].flow[0].request: needs exactly one of get, post, put, delete, patch, head",
        ),
        (
            'flow: [{request: {get: "/{{id}}"}, capture: {id: {header: X}}, expect: {status: 200}}]',
            "8: checks[0].flow[0].request.get: unknown name {{id}}: known are",
        ),
        (
            "flow: [{request: {get: /}, capture: {id: {regex: x}}, expect: {status: 200}}]",
            '8: checks[0].flow[0].capture.id.regex: "x" has no group (…) that says what to capture',
        ),
        (
            "flow: [{request: {get: /}, capture: {id: {regex: (x), header: X}}, expect: {status: 200}}]",
            "8: checks[0].flow[0].capture.id: needs exactly one of regex, json, header",
        ),
        (
            "flow: [{request: {get: /}, expect: {stdout: {contains: x}}}]",
            "8: checks[0].flow[0].expect.stdout: flow does not answer it",
        ),
        (
            "flow: [{request: {get: /}, expect: {status: 200}}]\n    expect: {status: 200}",
            "9: checks[0].expect.status: a flow's expectations stand in its steps",
        ),
        ("command: 'true'", "7: checks[0]: expects nothing: command needs expect (like {exit_status: 0})"),
        ("command: ''", "8: checks[0].command: is empty"),
        ("running: 'no'", '8: checks[0].running: "no" is not a mapping'),
        ("running: {}\n    expect: {status: 200}", "9: checks[0].expect.status: running does not answer it"),
        ("logs: {file: a}", "8: checks[0].logs: expects nothing: say max_count, max_ratio or new_exceptions"),
        ("logs: {file: a, pattern: b, max_ratio: 1%}", "8: checks[0].logs: max_ratio needs total"),
        ("prometheus: {url: 'http://p', query: up}", "8: checks[0].prometheus: expects nothing: say min or max"),
        ("prometheus: {url: 'http://p', query: up, min: 2, max: 1}", "8: checks[0].prometheus.max: is less than min"),
        ("load: {path: /}", "8: checks[0].load: expects nothing: say error_ratio, p50, p95 or p99"),
        (
            "load: {path: /, error_ratio: {max: 100%}}",
            "8: checks[0].load.error_ratio.max: 100% can never be exceeded",
        ),
        (
            "load: {path: /, error_ratio: {increase: {ratio: 1%, difference: 100%}}}",
            "8: checks[0].load.error_ratio.increase.difference: 100% can never be exceeded",
        ),
        ("load: {path: /, error_ratio: {}}", "8: checks[0].load.error_ratio: expects nothing: say max or increase"),
        ("running: {}\n    failure_limits: 3", "9: checks[0].failure_limits: unknown key; did you mean"),
        ("running: {}\n    phase: []", "9: checks[0].phase: is an empty list: at least one is needed"),
        ("load: {path: /, p50: {}}", "8: checks[0].load.p50: expects nothing: say max or increase"),
        ("exec: {run: make smoke}", "7: checks[0]: expects nothing: exec needs expect (like {exit_status: 0})"),
        ("exec: {run: make, preset: nose}", '8: checks[0].exec.preset: "nose" is not one of pytest, hurl, k6, goss'),
    ],
)
def test_each_kind_of_check_must_be_whole_and_able_to_fail(kind: str, expected: str) -> None:
    (found,) = faults(GOOD.replace("    http: {path: /healthz}\n    expect: {status: 200}", f"    {kind}"))
    assert found.startswith(expected)
