"""Asking over HTTP: one request (`http`), or several in order (`flow`). From where: `via`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from rollback.model import View
from rollback.playbook.expect import Captures, Expect
from rollback.playbook.shape import Fault, Frozen, refuse
from rollback.playbook.types import PortText, Switch
from rollback.playbook.words import Asked, Beside, Line, Secret, Templated, TemplatedUrl, UrlPath

Via = Literal["host", "url", "both"]
Tree = Any  # mappings and lists of text; templates and secrets are filled in leaf by leaf, never in their JSON
_METHODS = ("get", "post", "put", "delete", "patch", "head")


def views(via: str) -> tuple[View, ...]:
    """From where an app is asked."""
    return (View.HOST, View.URL) if via == "both" else (View(via),)


def body_fault(body: object, form: object, json: object) -> Fault | None:
    given = [name for name, value in (("body", body), ("form", form), ("json", json)) if value is not None]
    return Fault((given[1],), f"a request has one body: leave out {' or '.join(given)}") if len(given) > 1 else None


class BasicAuth(Frozen):
    user: Asked
    password: Secret = Field(description="a secret's name: ${NAME}")


class Tls(Frozen):
    """With `tls`, a host is asked with https; its settings are used for the URL, too."""

    insecure: Switch = Field(default=False, description="accept any certificate; shown loudly")
    ca_file: Beside | None = Field(default=None, description="certificates to trust instead of the system's")
    server_name: Asked | None = Field(
        default=None, description="the name asked for and checked; default: the URL's host"
    )


class Http(Frozen):
    """One request. `path`: on each host, at the environment's url, or both; `url`: as it is, from here."""

    path: UrlPath | None = Field(default=None, description="of the app, like /healthz")
    url: TemplatedUrl | None = Field(default=None, description="a full address instead of a path; asked from here")
    via: Via = Field(default="host", description="host: on each host through SSH; url: as users see it; both")
    method: Literal["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"] = "GET"
    port: PortText | None = Field(default=None, description="on the host; default 80, with tls 443")
    headers: Mapping[Line, Templated] = {}
    body: Templated | None = None
    form: Mapping[str, Templated] | None = Field(default=None, description="sent as a form")
    json_: Tree | None = Field(default=None, alias="json", description="sent as JSON; its scalars are sent as strings")
    basic_auth: BasicAuth | None = None
    follow_redirects: Switch = False
    tls: Tls | None = Field(default=None, description="with it (an empty mapping is enough) hosts are asked with https")

    @property
    def views(self) -> tuple[View, ...]:
        return views(self.via)

    @field_validator("method", mode="before")
    @classmethod
    def _upper(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @field_validator("url")
    @classmethod
    def _absolute(cls, value: str) -> str:
        if not value.startswith(("http://", "https://", "{{url}}", "${")):
            raise ValueError("is not a URL (like https://shop.example.com/login): a path goes in `path`")
        return value

    @model_validator(mode="before")
    @classmethod
    def _url_is_asked_from_here(cls, value: Any) -> Any:
        if isinstance(value, dict) and "url" in value and "path" not in value:
            return {"via": "url", **value}
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        refuse(
            Fault((), "needs path or url") if (self.path is None) == (self.url is None) else None,
            Fault(("via",), "with `url`, the address is asked from here: via is url")
            if self.url and not self.path and self.via != "url"
            else None,
            port_fault(self.port, self.via),
            body_fault(self.body, self.form, self.json_),
        )
        return self


def port_fault(port: str | None, via: str) -> Fault | None:
    unused = port is not None and via == "url"
    return (
        Fault(("port",), "is the port on a host, and via is url: the environment's url says its own")
        if unused
        else None
    )


class Request(Frozen):
    """One request of a flow: a method with its path, and what is sent. Redirects are not followed."""

    get: UrlPath | None = None
    post: UrlPath | None = None
    put: UrlPath | None = None
    delete: UrlPath | None = None
    patch: UrlPath | None = None
    head: UrlPath | None = None
    headers: Mapping[Line, Templated] = {}
    body: Templated | None = None
    form: Mapping[str, Templated] | None = Field(default=None, description="sent as a form")
    json_: Tree | None = Field(default=None, alias="json", description="sent as JSON; its scalars are sent as strings")
    basic_auth: BasicAuth | None = None
    port: PortText | None = Field(default=None, description="on the host, instead of the flow's")

    @property
    def method(self) -> str:
        """`GET`, `POST` …"""
        return next(name for name in _METHODS if getattr(self, name) is not None).upper()

    @property
    def path(self) -> str:
        found: str = getattr(self, self.method.lower())
        return found

    @model_validator(mode="after")
    def _one_method(self) -> Self:
        given = [name for name in _METHODS if getattr(self, name) is not None]
        refuse(
            None if len(given) == 1 else Fault((), f"needs exactly one of {', '.join(_METHODS)}"),
            body_fault(self.body, self.form, self.json_),
        )
        return self


class FlowStep(Frozen):
    """A request, what is taken from its answer for the later steps, and what is expected of it."""

    request: Request
    capture: Captures = Field(default={})
    expect: Expect | None = None
    always_run: Switch = Field(default=False, description="run it even after a failed step (cleaning up)")
