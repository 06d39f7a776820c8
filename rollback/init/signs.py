"""Guesses from texts: the framework, a health route, the port, what prepares a release and what starts it. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from rollback.init.files import Files
from rollback.init.found import Framework
from rollback.init.manifests import Manifests

HEALTH = ("healthz", "health", "livez", "readyz", "_health", "health/live", "api/health", "status", "ping", "up")
_PORTS = {Framework.NODE: 3000, Framework.STATIC: 80}
# With a slash, for `data.get("status")` is no route; Django's have none.
_ROUTE = re.compile(
    r"(?:\.(?:route|get|all|use)\s*\(\s*[\"']/|\b(?:path|re_path|url|Route)\s*\(\s*r?[\"']\^?/?)"
    rf"({'|'.join(map(re.escape, HEALTH))})(/?)\$?[\"']"
)
# A client asks for the same paths: `requests.get("/health")`, `axios.get("/status")`.
_CLIENT = re.compile(r"\b(?:requests|httpx|axios|client|session|http|fetch)$")
_LISTENS = (
    re.compile(r"--(?:bind|port)[ =](?:[0-9.]{0,15}:)?([0-9]{2,5})\b"),
    re.compile(r"^[ \t]*EXPOSE[ \t]+([0-9]{2,5})\b", re.MULTILINE),
    re.compile(r"^bind[ \t]*=[ \t]*[\"'][0-9.]{0,15}:([0-9]{2,5})[\"']", re.MULTILINE),
    re.compile(r"process\.env\.PORT\s*(?:\|\||\?\?)\s*[\"']?([0-9]{2,5})\b"),
    re.compile(r"\.listen\(\s*([0-9]{2,5})\b"),
)
_SAYS_PORT = {"Procfile", "Dockerfile", "gunicorn.conf.py"}
_MADE = r"^([A-Za-z_][A-Za-z0-9_]*)(?::[^=\n]{1,80})?[ \t]*=[ \t]*(?:[a-z]+\.)?"
_APPS = {
    Framework.FLASK: re.compile(_MADE + r"(?:Flask|create_app)\s*\(", re.MULTILINE),
    Framework.FASTAPI: re.compile(_MADE + r"(?:FastAPI|create_app)\s*\(", re.MULTILINE),
}
_FACTORY = re.compile(r"^def create_app\(", re.MULTILINE)
_VERSION = re.compile(r"([A-Za-z][A-Za-z._/+-]{0,40})?[0-9]")


def framework(files: Files, manifests: Manifests) -> Framework:
    """Python's before Node's: many a Django project has a package.json for its assets."""
    for one in (Framework.DJANGO, Framework.FASTAPI, Framework.FLASK):
        imported = re.compile(rf"^[ \t]*(?:from|import) {one}\b", re.MULTILINE)
        if one in manifests.python or any(imported.search(text) for _, text in _python(files)):
            return one
    if manifests.scripts is not None:
        return Framework.NODE
    return Framework.UNKNOWN if served(files) is None else Framework.STATIC


def served(files: Files) -> str | None:
    """The folder with a static site's index.html; "" is the top."""
    return next(
        (folder for folder in ("", "public", "site", "dist") if f"{folder}/index.html".strip("/") in files), None
    )


def health(kind: Framework, files: Files) -> str | None:
    """The likeliest health route that the code declares: by its name, in the order of HEALTH."""
    if kind is Framework.STATIC:
        return "/"
    code = (text for name, text in files.items() if name.endswith((".py", ".js", ".mjs", ".cjs", ".ts")))
    found = [match for text in code for match in _ROUTE.finditer(text) if not _by_a_client(match)]
    best = min(found, key=lambda match: HEALTH.index(match[1]), default=None)
    return f"/{best[1]}{best[2]}" if best else None


def _by_a_client(found: re.Match[str]) -> bool:
    return _CLIENT.search(found.string, max(0, found.start() - 40), found.start()) is not None


def port(kind: Framework, files: Files) -> int:
    """Where the files say that the app listens, or else where such apps usually do."""
    said = (text for name, text in files.items() if name in _SAYS_PORT or (kind is Framework.NODE and _is_js(name)))
    found = (int(match[1]) for text in said for pattern in _LISTENS for match in pattern.finditer(text))
    return next((number for number in found if 0 < number < 65536), _PORTS.get(kind, 8000))


def prepare(kind: Framework, files: Files, manifests: Manifests) -> tuple[str, ...]:
    """Commands that make a fresh release ready to start; nothing live changes by them."""
    if kind is Framework.NODE:
        return tuple(_npm(files, manifests.scripts or frozenset()))
    return tuple(_venv(kind, files)) if kind in {Framework.DJANGO, Framework.FASTAPI, Framework.FLASK} else ()


def _npm(files: Files, scripts: frozenset[str]) -> Iterator[str]:
    install = "npm ci" if "package-lock.json" in files else "npm install"
    yield install if "build" in scripts else f"{install} --omit=dev"
    if "build" in scripts:
        yield "npm run build"


def _venv(kind: Framework, files: Files) -> Iterator[str]:
    yield "python3 -m venv .venv"
    if "requirements.txt" in files:
        hashes = "--require-hashes " if "--hash=" in files["requirements.txt"] else ""
        yield f".venv/bin/pip install -q {hashes}-r requirements.txt"
    elif "pyproject.toml" in files:
        yield ".venv/bin/pip install -q ."
    if kind is Framework.DJANGO and any("STATIC_ROOT" in text for _, text in _python(files)):
        yield ".venv/bin/python manage.py collectstatic --noinput"


def start(kind: Framework, files: Files, manifests: Manifests, listens: int) -> str | None:
    """What starts the app in a release's folder. None: nobody can tell."""
    match kind:
        case Framework.NODE:
            return "npm start" if "start" in (manifests.scripts or ()) else None
        case Framework.DJANGO:
            return _served_by("gunicorn", _wsgi(files), listens)
        case Framework.FLASK:
            return _served_by("gunicorn", _made(kind, files), listens)
        case Framework.FASTAPI:
            return _served_by("uvicorn", _made(kind, files), listens)
        case _:
            return None


def _served_by(server: str, module: str | None, listens: int) -> str | None:
    where = f"--host 127.0.0.1 --port {listens}" if server == "uvicorn" else f"--bind 127.0.0.1:{listens}"
    return f".venv/bin/{server} {where} {module}" if module else None


def _wsgi(files: Files) -> str | None:
    return next((_module(name) for name in files if name.endswith("/wsgi.py")), None)


def _made(kind: Framework, files: Files) -> str | None:
    """`shop.web:app`: the module that makes the app, or the factory that does."""
    made = [(name, found[1]) for name, text in _python(files) if (found := _APPS[kind].search(text))]
    if made:
        return f"{_module(made[0][0])}:{made[0][1]}"
    factory = next((name for name, text in _python(files) if _FACTORY.search(text)), None)
    call = "'{}:create_app()'" if kind is Framework.FLASK else "--factory {}:create_app"
    return call.format(_module(factory)) if factory else None


def _module(name: str) -> str:
    parts = PurePosixPath(name).with_suffix("").parts
    return ".".join(part for at, part in enumerate(parts) if part != "__init__" and (at, part) != (0, "src"))


def _python(files: Files) -> Iterable[tuple[str, str]]:
    """Python files whose path is a module's: it ends up in a command."""
    return ((name, text) for name, text in files.items() if re.fullmatch(r"(?:\w+/)*\w+\.py", name, re.ASCII))


def _is_js(name: str) -> bool:
    return name.endswith((".js", ".mjs", ".cjs", ".ts"))


def pattern(tags: Iterable[str]) -> str:
    """What most tags have before their first digit, as a glob; `v*` while there are none."""
    known = tuple(tags)
    if not known:
        return "v*"
    prefixes = Counter(found[1] or "" for tag in known if (found := _VERSION.match(tag)))
    if not prefixes:
        return "*"
    ((prefix, _),) = prefixes.most_common(1)
    return f"{prefix}*" if prefix else "[0-9]*"
