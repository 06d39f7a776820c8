"""From what the playbook says to whom is told: with secrets filled in, or with what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from rollback.errors import UsageError
from rollback.notify.address import Address
from rollback.notify.github import Github
from rollback.notify.message import TEST, Message
from rollback.notify.post import NotTold, Post, Target
from rollback.notify.webhook import Hook
from rollback.playbook import wording
from rollback.playbook.notify import Notify

_API = "https://api.github.com"


@dataclass(slots=True)
class Unready:
    """A target whose secret is not there: that is said once, and stops nothing."""

    name: str
    timeout: float
    why: str
    chosen: Callable[[Message], bool]
    said: bool = False

    def wants(self, message: Message) -> bool:
        return self.chosen(message) and not self.said

    def tell(self, message: Message, due: float) -> None:  # noqa: ARG002
        self.said = True
        raise NotTold(self.why)


def post(targets: Iterable[Notify], resolve: Callable[[str], str], environ: Mapping[str, str]) -> Post:
    """To all of them; see `target`."""
    return Post([target(one, resolve, environ) for one in targets])


def target(written: Notify, resolve: Callable[[str], str], environ: Mapping[str, str]) -> Target:
    """resolve: fills in ${NAME}, or raises UsageError. environ: where GitHub's runner says which repository it is."""

    def chosen(message: Message) -> bool:
        return message.moment in written.moments or message.moment == TEST

    def words(message: Message) -> tuple[str, str]:
        try:
            values = message.values()
            return wording.title(written.title, values), wording.text(written.text, values)
        except ValueError as wrong:
            raise NotTold(f"its text can't be filled in: {wrong}") from None

    def filled(text: str) -> str:
        """An empty secret would sign for anybody."""
        value = resolve(text)
        if not value:
            raise UsageError(f"{text} is empty")
        return value

    try:
        if written.github is not None:
            return _github(written, filled, environ, chosen)
        if written.webhook is not None:
            hook = written.webhook
            headers = {key: resolve(value) for key, value in hook.headers.items()}
            url, secret = filled(hook.url), filled(hook.secret)
            return Hook(written.name, written.timeout, url, secret, headers, chosen, words)
        assert written.apprise is not None
        return Address(written.name, written.timeout, filled(written.apprise), chosen, words)
    except UsageError as missing:
        return Unready(written.name, written.timeout, str(missing), chosen)


def _github(
    written: Notify, filled: Callable[[str], str], environ: Mapping[str, str], chosen: Callable[[Message], bool]
) -> Github:
    its = written.github
    assert its is not None
    repository = its.repository or environ.get("GITHUB_REPOSITORY", "")
    if not repository:
        raise UsageError("no repository is named, and GITHUB_REPOSITORY is not set")
    api = filled(its.api or environ.get("GITHUB_API_URL") or _API).rstrip("/")
    return Github(written.name, written.timeout, repository, api, filled(its.token), chosen)
