"""Whom an environment tells what happens to it: each target is of exactly one kind, and chooses its moments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from rollback.playbook.credentials import struck
from rollback.playbook.shape import Fault, Frozen, refuse
from rollback.playbook.types import OneOrMore, Span, quoted
from rollback.playbook.wording import TEXT, TITLE, Wording
from rollback.playbook.words import Line, Name, Secret, Url
from rollback.text import clean

KINDS = ("apprise", "webhook", "github")
Moment = Literal[
    "started",
    "good",
    "bad",
    "rolled_back",
    "partial",
    "held",
    "stranded",
    "abandoned",
    "alert",
    "recovered",
    "frozen",
    "unfrozen",
]
MOMENTS: tuple[Moment, ...] = get_args(Moment)
# Whose address need not hold a secret: a host of one's own that lets one in without.
_KEYLESS = frozenset({"mailto", "mailtos", "json", "jsons", "xml", "xmls", "form", "forms", "syslog", "rsyslog"})
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*)://\S+", re.ASCII)


def _written_out(text: str) -> str:
    """A text of which nothing may be a secret that is not named. `mailto://relay:25?from=a@b` has no password."""
    try:
        password = urlsplit(text).password or ""
    except ValueError:
        password = ""
    rest = text.partition("://")[2] or text
    if (password and "${" not in password) or struck(rest) != rest:
        raise ValueError("holds a password or a token: write it as ${NAME}; it comes from the environment at use")
    return text


def _address(text: str) -> str:
    found = _ADDRESS.fullmatch(text)
    if clean(text) != text or not (found or re.fullmatch(r"\$\{\w+\}\S*", text, re.ASCII)):
        raise ValueError(f"{quoted(text)} is not an address of Apprise's (like ${{SLACK_URL}} or mailto://…)")
    if found and "${" not in text and found[1] not in _KEYLESS:
        raise ValueError(
            "is written out: name it, or the secret in it, as ${NAME}; it comes from the environment at use"
        )
    return text


def _repository(text: str) -> str:
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", text, re.ASCII):
        raise ValueError(f"{quoted(text)} is not a repository (like acme/shop)")
    return text


Address = Annotated[str, AfterValidator(_written_out), AfterValidator(_address)]
Header = Annotated[str, AfterValidator(_written_out)]
Repository = Annotated[str, AfterValidator(_repository)]


class Webhook(Frozen):
    """A POST of JSON, signed with HMAC-SHA256."""

    url: Annotated[Url, AfterValidator(_written_out)]
    secret: Secret = Field(description="the key of the signature, as a secret's name: ${NAME}")
    headers: Mapping[Line, Header] = Field(default={}, description="more headers, as for a gateway")


class Github(Frozen):
    """A deployment and its statuses, through GitHub's REST API."""

    repository: Repository | None = Field(default=None, description="owner/name; default: $GITHUB_REPOSITORY")
    token: Secret = Field(default="${GITHUB_TOKEN}", description="may write deployments; as a secret's name: ${NAME}")
    api: Url | None = Field(
        default=None, description="of GitHub Enterprise; default: $GITHUB_API_URL or https://api.github.com"
    )


class Notify(Frozen):
    """Exactly one of the kinds is set; `kind` says which. timeout: seconds."""

    name: Line = Field(description="unique; stands in warnings")
    apprise: Address | None = Field(
        default=None, description="an address of Apprise's: Slack, mail, Teams, PagerDuty …"
    )
    webhook: Webhook | None = None
    github: Github | None = None
    moments: OneOrMore[Moment] = Field(default=MOMENTS, description="what is told; default: everything")
    environments: OneOrMore[Name] | None = Field(default=None, description="which tell it; default: all")
    title: Wording = Field(default=TITLE, description="a Jinja template of one line")
    text: Wording = Field(default=TEXT, description="a Jinja template")
    timeout: Span = Field(default=10.0, description="for one message, retries included")

    @property
    def kind(self) -> str:
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @model_validator(mode="before")
    @classmethod
    def _plain_github(cls, value: object) -> object:
        return {**value, "github": {}} if isinstance(value, dict) and value.get("github") == "" else value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        kinds = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(kinds) != 1:
            found = f"it has {' and '.join(kinds)}" if kinds else "it has none"
            refuse(Fault((), f"needs exactly one of {', '.join(KINDS)}: {found}"))
        texts = [key for key in ("title", "text") if self.github and key in self.model_fields_set]
        refuse(*(Fault((key,), "is not for github, which has no place for it") for key in texts))
        return self
