"""The pages' addresses. What they show is made in a thread, so that a slow disk holds up nobody else."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from rollback.dashboard.acts import Acts, NotAgreed
from rollback.dashboard.links import STATIC
from rollback.dashboard.pages import NoSuchPage, Pages

_LISTEN = 0.5  # seconds between two looks for something new
_STILL = 30  # looks without news until a line is sent, which shows that somebody is still there
_FORM = 10_000  # bytes


@dataclass(frozen=True, slots=True)
class Rooms:
    """What the routes share. acts: None when the dashboard only reads. ending: is the server about to end?"""

    pages: Pages
    acts: Acts | None
    ending: Callable[[], bool]

    def pulse(self) -> object:
        acts = self.acts.pulse() if self.acts else None
        return (acts, *(one.pulse() for one in self.pages.sources.values()))


def app(rooms: Rooms) -> Starlette:
    """Without its door: see door.py."""
    deeds = [
        Route("/e/{name}/act", partial(_act, rooms), methods=["POST"]),
        Route("/acts/{number:int}", partial(_done, rooms)),
    ]
    pages = rooms.pages
    routes: list[BaseRoute] = [
        Route("/", _page(lambda _: pages.home())),
        Route("/live", partial(_live, rooms)),
        Mount("/static", StaticFiles(directory=STATIC)),
        Route("/e/{name}", _page(lambda asked: pages.environment(asked.path_params["name"]))),
        Route("/e/{name}/delivery", _page(lambda asked: pages.delivery(_name(asked)))),
        Route("/e/{name}/operations", _page(lambda asked: pages.operations(_name(asked), _before(asked)))),
        Route("/e/{name}/operations/{start}", _page(lambda asked: pages.operation(_name(asked), _start(asked)))),
        *(deeds if rooms.acts else ()),
    ]
    return Starlette(
        routes=routes, exception_handlers={404: partial(_refused, pages), NoSuchPage: partial(_refused, pages)}
    )


def _name(asked: Request) -> str:
    return str(asked.path_params["name"])


def _start(asked: Request) -> str:
    return str(asked.path_params["start"]).upper()


def _before(asked: Request) -> str:
    return asked.query_params.get("before", "").upper()


def _page(made: Callable[[Request], str]) -> Callable[[Request], Response]:
    """Starlette calls what is no coroutine in a thread."""

    def answer(asked: Request) -> Response:
        return HTMLResponse(made(asked))

    return answer


def _refused(pages: Pages, _: Request, why: Exception) -> Response:
    sentence = str(why) if isinstance(why, NoSuchPage) else "there is no such page"
    return HTMLResponse(pages.refused(sentence), 404)


async def _live(rooms: Rooms, _: Request) -> Response:
    """Server-sent events (WHATWG HTML, 9.2): one whenever the pages would show something else."""
    return StreamingResponse(_news(rooms), media_type="text/event-stream")


async def _news(rooms: Rooms) -> AsyncIterator[str]:
    yield "retry: 2000\n\n"
    last, still = await run_in_threadpool(rooms.pulse), 0
    while not rooms.ending():
        await asyncio.sleep(_LISTEN)
        now, still = await run_in_threadpool(rooms.pulse), still + 1
        if now != last:
            last, still = now, 0
            yield "data: new\n\n"
        elif still >= _STILL:
            still = 0
            yield ": still here\n\n"


async def _act(rooms: Rooms, asked: Request) -> Response:
    name = _name(asked)
    if rooms.acts is None or name not in rooms.pages.sources:
        raise HTTPException(404)
    form = dict(parse_qsl(await _body(asked), keep_blank_values=True))
    if rooms.pages.acting is None or not hmac.compare_digest(
        form.get("csrf", "").encode(), rooms.pages.acting.csrf.encode()
    ):
        return HTMLResponse(rooms.pages.refused("this form was not made by this dashboard: load the page again"), 403)
    try:
        act = await run_in_threadpool(rooms.acts.begin, name, form)
    except NotAgreed as why:
        return HTMLResponse(rooms.pages.refused(str(why)), 422)
    return RedirectResponse(f"/acts/{act.number}", 303)


async def _body(asked: Request) -> str:
    body = b""
    async for chunk in asked.stream():
        body += chunk
        if len(body) > _FORM:
            raise HTTPException(413)
    return body.decode("utf-8", "replace")


def _done(rooms: Rooms, asked: Request) -> Response:
    act = rooms.acts.begun.get(asked.path_params["number"]) if rooms.acts else None
    if act is None:
        raise NoSuchPage("nothing was begun under this number")
    return HTMLResponse(rooms.pages.act(act))
