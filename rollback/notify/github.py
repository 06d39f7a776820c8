"""GitHub's Deployments API: an operation is a deployment of its release's commit, and how it goes are its statuses.

https://docs.github.com/en/rest/deployments/deployments and …/deployments/statuses, version 2022-11-28.
`auto_inactive` does nothing for production environments, so what was live before is made inactive here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rollback.model import Kind, Outcome
from rollback.notify.ask import ask
from rollback.notify.message import TEST, Message
from rollback.notify.post import NotTold
from rollback.text import clean_line

if TYPE_CHECKING:
    import httpx

_DEPLOYS = frozenset({Kind.DEPLOY, Kind.ROLLBACK, Kind.RESUME})  # a drill ends where it began
_STATES = {
    Outcome.REFUSED: "inactive",
    Outcome.INTERRUPTED: "inactive",
    Outcome.FENCED: "inactive",
    Outcome.STRANDED: "error",
    Outcome.HELD: "error",
}
_EARLIER = 10  # deployments that are looked at
_LIVE = frozenset({"success", "in_progress"})  # an operation that was killed leaves its deployment in progress
_DESCRIPTION = 140  # characters that GitHub takes


@dataclass(slots=True)
class Github:
    """repository: owner/name. api: without a slash at its end."""

    name: str
    timeout: float
    repository: str
    api: str
    token: str = field(repr=False)
    chosen: Callable[[Message], bool]
    known: dict[str, int] = field(default_factory=dict)  # operation -> the deployment's id

    def wants(self, message: Message) -> bool:
        told = (
            message.what in _DEPLOYS
            and message.release is not None
            and (message.outcome or message.moment == "started")
        )
        return self.chosen(message) and (bool(told) or message.moment == TEST)

    def tell(self, message: Message, due: float) -> None:
        import httpx

        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self.token}",
            "X-GitHub-Api-Version": "2022-11-28",
            "Content-Type": "application/json",
            "User-Agent": "rollback",
        }
        with httpx.Client(headers=headers) as client:
            talk = _Talk(client, f"{self.api}/repos/{self.repository}/deployments", due)
            if message.moment == TEST:
                talk.listed(message.environment, 1)
                return
            one = self._deployment(talk, message)
            state = _state(message)
            talk.post(f"/{one}/statuses", _status(state, message))
            if state == "success":
                _retire(talk, message, one)

    def _deployment(self, talk: _Talk, message: Message) -> int:
        """Made at the end, if it could not be made at the start."""
        if message.operation not in self.known:
            self.known[message.operation] = _id(talk.post("", _deployment(message)))
        return self.known[message.operation]


@dataclass(frozen=True, slots=True)
class _Talk:
    client: httpx.Client
    url: str
    due: float

    def post(self, path: str, body: dict[str, Any]) -> Any:
        content = json.dumps(body).encode()  # a tag need not be UTF-8
        return _json(ask(self.client, self.client.build_request("POST", self.url + path, content=content), self.due))

    def get(self, path: str, **query: str | int) -> list[Any]:
        found = _json(ask(self.client, self.client.build_request("GET", self.url + path, params=query), self.due))
        return found if isinstance(found, list) else []

    def listed(self, environment: str, count: int) -> list[Any]:
        """The newest first."""
        return self.get("", environment=environment, per_page=count)


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        raise NotTold(f"{answer.url.host} answered {answer.status_code} with something else than JSON") from None


def _id(deployment: Any) -> int:
    """A 202 has a message instead of one: GitHub merged something, which we asked it not to."""
    one = deployment.get("id") if isinstance(deployment, dict) else None
    if not isinstance(one, int):
        raise NotTold("GitHub made no deployment")
    return one


def _deployment(message: Message) -> dict[str, Any]:
    """What is deployed was verified, or will be: GitHub is to merge nothing into it, and to wait for no checks."""
    assert message.release is not None
    return {
        "ref": message.release.commit,
        "task": "deploy" if message.what == Kind.DEPLOY else f"deploy:{message.what}",
        "auto_merge": False,
        "required_contexts": [],
        "payload": {"app": message.app, "operation": message.operation, "tag": message.release.tag},
        "environment": message.environment,
        "description": clean_line(f"{message.what} {message.release.tag} by {message.author}", _DESCRIPTION),
    }


def _status(state: str, message: Message) -> dict[str, Any]:
    said = {"state": state, "description": clean_line(message.headline, _DESCRIPTION), "auto_inactive": True}
    urls = {"environment_url": message.url, "log_url": message.run}
    return {**said, **{key: url for key, url in urls.items() if url}}


def _state(message: Message) -> str:
    if not message.outcome:
        return "in_progress"
    return "success" if message.reached else _STATES.get(Outcome(message.outcome), "failure")


def _is_ours(deployment: Any, app: str) -> bool:
    payload = deployment.get("payload") if isinstance(deployment, dict) else None
    return isinstance(payload, dict) and payload.get("app") == app and "operation" in payload


def _retire(talk: _Talk, message: Message, mine: int) -> None:
    """The one of ours that was live before is so no more: a CI job has deployments of its own."""
    earlier = [_id(one) for one in talk.listed(message.environment, _EARLIER) if _is_ours(one, message.app)]
    for one in (one for one in earlier if one < mine):
        latest: dict[str, Any] = next(iter(talk.get(f"/{one}/statuses", per_page=1)), {})
        if latest.get("state") in _LIVE:
            talk.post(
                f"/{one}/statuses", {"state": "inactive", "description": clean_line(message.headline, _DESCRIPTION)}
            )
        if latest.get("state") in _LIVE - {"in_progress"}:
            return
