"""What is guessed from a work tree's texts."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from rollback.init import manifests, signs
from rollback.init.found import Framework
from tests.init.kinds import DJANGO, FACTORY, FASTAPI, FLASK, NODE, STATIC, UNKNOWN


def _of(files: Mapping[str, str]) -> tuple[object, ...]:
    declared = manifests.read(files)
    kind = signs.framework(files, declared)
    port = signs.port(kind, files)
    return (
        kind,
        signs.health(kind, files),
        port,
        signs.prepare(kind, files, declared),
        signs.start(kind, files, declared, port),
    )


_VENV = "python3 -m venv .venv"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            FLASK,
            (
                Framework.FLASK,
                "/healthz",
                8000,
                (_VENV, ".venv/bin/pip install -q -r requirements.txt"),
                ".venv/bin/gunicorn --bind 127.0.0.1:8000 shop.web:app",
            ),
        ),
        (
            FACTORY,
            (
                Framework.FLASK,
                "/status/",
                8000,
                (_VENV, ".venv/bin/pip install -q ."),
                ".venv/bin/gunicorn --bind 127.0.0.1:8000 'shop:create_app()'",
            ),
        ),
        (
            DJANGO,
            (
                Framework.DJANGO,
                "/health/",
                8000,
                (
                    _VENV,
                    ".venv/bin/pip install -q --require-hashes -r requirements.txt",
                    ".venv/bin/python manage.py collectstatic --noinput",
                ),
                ".venv/bin/gunicorn --bind 127.0.0.1:8000 site.wsgi",
            ),
        ),
        (
            FASTAPI,
            (
                Framework.FASTAPI,
                "/ping",
                8080,
                (_VENV, ".venv/bin/pip install -q ."),
                ".venv/bin/uvicorn --host 127.0.0.1 --port 8080 api:api",
            ),
        ),
        (NODE, (Framework.NODE, "/health", 4000, ("npm ci", "npm run build"), "npm start")),
        ({"package.json": "{}"}, (Framework.NODE, None, 3000, ("npm install --omit=dev",), None)),
        (STATIC, (Framework.STATIC, "/", 80, (), None)),
        (UNKNOWN, (Framework.UNKNOWN, None, 8000, (), None)),
    ],
)
def test_a_framework_is_seen_with_all_that_follows_from_it(
    files: Mapping[str, str], expected: tuple[object, ...]
) -> None:
    assert _of(files) == expected


@pytest.mark.parametrize(
    "code",
    [
        'answer = data.get("status")',
        'requests.get("/health")',
        'client.get("/healthz")',
        'app.get("/healthy-food")',
        '@app.route("/users/status")',
    ],
)
def test_what_only_looks_like_a_health_route_is_none(code: str) -> None:
    assert signs.health(Framework.FLASK, {"app.py": code}) is None


def test_of_several_health_routes_the_likeliest_is_taken() -> None:
    assert signs.health(Framework.NODE, {"a.js": "app.get('/ping')\napp.get('/healthz')"}) == "/healthz"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("web: gunicorn --bind 0.0.0.0:9000 app:app", 9000), ("web: x --port=9001", 9001), ("web: x --port 99999", 8000)],
)
def test_a_port_is_taken_from_a_procfile(text: str, expected: int) -> None:
    assert signs.port(Framework.FLASK, {"Procfile": text}) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ((), "v*"),
        (("v1.1.0", "v1.0.0", "nightly"), "v*"),
        (("1.10", "1.9"), "[0-9]*"),
        (("release-2", "release-1", "v0"), "release-*"),
        (("shop/v2", "shop/v1"), "shop/v*"),
        (("stable", "$(id)"), "*"),
    ],
)
def test_the_pattern_is_what_most_tags_begin_with(tags: tuple[str, ...], expected: str) -> None:
    assert signs.pattern(tags) == expected


@pytest.mark.parametrize(
    "files",
    [
        {"package.json": "[" * 100_000, "pyproject.toml": "a=" + "[" * 100_000},
        {"package.json": "[]", "pyproject.toml": "[project"},
        {"package.json": '{"name": 1, "scripts": []}', "pyproject.toml": 'project = 1\ntool = "x"'},
        {"requirements.txt": "\x00\ufffd\n-r other\n;\n"},
        {"app.py": "\n" * 200_000 + " " * 200_000, "Dockerfile": "\n" * 200_000},
        {"app.py": "app" * 60_000 + ": " * 60_000},
    ],
)
def test_hostile_files_declare_nothing(files: Mapping[str, str]) -> None:
    kind, *_, start = _of(files)
    assert kind in {Framework.NODE, Framework.UNKNOWN}
    assert start is None
