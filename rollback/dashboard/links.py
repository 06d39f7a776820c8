"""Where each page is: on the server, or beside the others in a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from rollback.model import encode_tag

STATIC = Path(__file__).with_name("static")


@dataclass(frozen=True, slots=True)
class Links:
    """Each gives what stands in `href`. Environments and operations are named as they are; before: see Source."""

    static: bool  # files in one folder, which refer to each other by name

    @property
    def home(self) -> str:
        return "index.html" if self.static else "/"

    def file(self, name: str) -> str:
        return name if self.static else f"/static/{name}"

    def environment(self, name: str) -> str:
        return self._page(name)

    def delivery(self, name: str) -> str:
        return self._page(name, "delivery")

    def operations(self, name: str, before: str = "") -> str:
        if self.static:
            return self._page(name, f"operations{'-' if before else ''}{before}")
        return self._page(name, "operations") + (f"?before={quote(before)}" if before else "")

    def operation(self, name: str, operation: str) -> str:
        return self._page(name, operation) if self.static else self._page(name, "operations", operation)

    def _page(self, *parts: str) -> str:
        if self.static:
            return quote("~".join(("e", *map(encode_tag, parts))) + ".html")  # no part has a ~ in it
        return "/e/" + "/".join(quote(one, safe="") for one in parts)
