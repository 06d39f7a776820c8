"""The words of a playbook that reach a host, a path or a shell: each has its own alphabet."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, StringConstraints, ValidationInfo, WithJsonSchema

from rollback.playbook import template
from rollback.playbook.types import quoted
from rollback.text import clean

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
HOST = re.compile(r"[A-Za-z0-9_:][A-Za-z0-9._:%-]*", re.ASCII)
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def _name(text: str) -> str:
    if not NAME.fullmatch(text) or len(text) > 100:
        raise ValueError(
            f"{quoted(text)} is not a name: letters, digits, '.', '_' and '-', the first a letter or digit"
        )
    return text


def _host_name(text: str) -> str:
    if not HOST.fullmatch(text) or len(text) > 253:
        raise ValueError(f"{quoted(text)} is not a host name: letters, digits, '.', '_', ':' and '-', never '-' first")
    return text


def _identifier(text: str) -> str:
    if not IDENTIFIER.fullmatch(text) or len(text) > 64:
        raise ValueError(f"{quoted(text)} is not a name: letters, digits and '_', the first no digit")
    return text


def _user(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._@\\-]*", text, re.ASCII) or len(text) > 64:
        raise ValueError(f"{quoted(text)} is not a user name")
    return text


def _zone(text: str) -> str:
    """A machine without any time zones must still be able to roll back: it can't tell, and takes the name as it is."""
    if text == "UTC" or _is_zone(text) or not _is_zone("Etc/UTC"):
        return text
    raise ValueError(f"{quoted(text)} is no time zone (like Europe/Berlin)")


def _is_zone(name: str) -> bool:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        return False
    return True


def _line(text: str) -> str:
    if not text.strip() or clean(text) != text or "\n" in text or text != text.strip():
        raise ValueError(f"{quoted(text)} is not one line of visible text")
    return text


def _contact(text: str) -> str:
    if "${" in text or "{{" in text:
        raise ValueError("is no place for ${…} or {{…}}: it stands in the runbook as it is written")
    return text


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    if "\0" in text:
        raise ValueError("holds a zero byte")
    return text


def _templated(text: str) -> str:
    wrong = template.fault(text)
    if wrong:
        raise ValueError(wrong)
    if "\0" in text:
        raise ValueError("holds a zero byte")
    return text


def _command(text: str) -> str:
    if "\0" in text:
        raise ValueError("holds a zero byte")
    if "{{" in text:
        raise ValueError("{{…}} is not filled in here: a command has the variables $ROLLBACK_TAG, $ROLLBACK_RELEASE, …")
    return text


def _inside(text: str) -> str:
    """A path that stays in its folder. `dist/` is `dist`."""
    path = PurePosixPath(text)
    if not text.strip() or path.is_absolute() or ".." in path.parts or not path.parts or clean(text) != text:
        raise ValueError(f"{quoted(text)} is not a path inside the release (relative, without ..)")
    return str(path)


def beside(text: str | Path, info: ValidationInfo) -> Path:
    """A path as it is meant: `~` is the home folder, a relative one starts at the playbook's folder."""
    if not str(text).strip() or "\0" in str(text):
        raise ValueError(f"{quoted(str(text))} is not a path")
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        raise ValueError(f"{quoted(str(text))}: there is no such home folder") from None
    file = info.context.get("file") if info.context else None
    return (file.parent / path) if file else path


def _url(text: str) -> str:
    if text.startswith("${"):
        return text
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and parts.hostname and (parts.port or 1)
    except ValueError:
        good = False
    if not good or clean(text) != text or " " in text:
        raise ValueError(f"{quoted(text)} is not a URL (like https://shop.example.com)")
    if parts.password and "${" not in parts.password:
        raise ValueError("holds a password: write it as ${NAME}; it comes from the environment at use")
    return text


def _url_path(text: str) -> str:
    if not text.startswith(("/", "{{")) or text.startswith("//") or " " in text or clean(text) != text:
        raise ValueError(f"{quoted(text)} is not a path (like /healthz)")
    return text


def _regex(text: str) -> str:
    """Compiled once here, so that a broken one is a fault of the playbook and not of the release."""
    try:
        re.compile(template.PLACE.sub("x", text))
    except (re.error, RecursionError, OverflowError) as wrong:
        raise ValueError(f"{quoted(text)} is not a regular expression: {wrong}") from None
    return _filled(text)


def _capturing(text: str) -> str:
    if re.compile(template.PLACE.sub("x", text)).groups < 1:
        raise ValueError(f"{quoted(text)} has no group (…) that says what to capture")
    return text


def _json_path(text: str) -> str:
    if not text.startswith("$"):
        raise ValueError(f"{quoted(text)} is not a JSONPath (like $.user)")
    return text


def _ledger(text: str) -> str:
    if text == "sqlite" or text.startswith(("sqlite:///", "${")):
        return text
    if not text.startswith("postgresql+psycopg://"):
        raise ValueError(f"{quoted(text)} is not a ledger: sqlite, sqlite:///FILE or postgresql+psycopg://HOST/NAME")
    try:
        password = urlsplit(text).password
    except ValueError:
        raise ValueError(f"{quoted(text)} is not a URL") from None
    if password and "${" not in password:
        raise ValueError("holds a password: write it as ${NAME}; it comes from the environment at use")
    return text


def _secret(text: str) -> str:
    if "${" not in text:
        raise ValueError("is written out: name it as ${NAME}; it comes from the environment at use")
    return text


_SCALAR = WithJsonSchema({"type": ["string", "number"]})
Name = Annotated[str, AfterValidator(_name), _SCALAR]
HostName = Annotated[str, AfterValidator(_host_name), _SCALAR]
Identifier = Annotated[str, AfterValidator(_identifier)]
User = Annotated[str, AfterValidator(_user)]
Line = Annotated[str, AfterValidator(_line), _SCALAR]
Zone = Annotated[str, AfterValidator(_line), AfterValidator(_zone)]
Contact = Annotated[Line, AfterValidator(_contact)]
Filled = Annotated[str, AfterValidator(_filled)]
Templated = Annotated[
    str, AfterValidator(_templated), WithJsonSchema({"type": ["string", "number", "boolean", "null"]})
]
Asked = Annotated[str, AfterValidator(_filled), AfterValidator(_templated)]
Command = Annotated[str, AfterValidator(_filled), AfterValidator(_command)]
OptionalCommand = Annotated[str, AfterValidator(_command)]
Inside = Annotated[str, AfterValidator(_inside)]
Beside = Annotated[Path, AfterValidator(beside), WithJsonSchema({"type": "string"})]
Url = Annotated[str, AfterValidator(_url)]
TemplatedUrl = Annotated[str, AfterValidator(_templated)]
UrlPath = Annotated[str, AfterValidator(_url_path), AfterValidator(_templated)]
Regex = Annotated[str, AfterValidator(_templated), AfterValidator(_regex)]
Capturing = Annotated[Regex, AfterValidator(_capturing)]
JsonPath = Annotated[str, StringConstraints(min_length=1), AfterValidator(_json_path), AfterValidator(_templated)]
Ledger = Annotated[str, AfterValidator(_ledger)]
Secret = Annotated[str, AfterValidator(_secret)]
