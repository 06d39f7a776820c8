"""The dashboard in a real browser, beside a real fleet: what a person sees, reaches by keyboard, and may do.

Pictures of every page stay in the folder that TEST_PICTURES names.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from tests.dashboard.browser import browsing
from tests.e2e.small import Small

PATIENCE = 30_000  # milliseconds
NASTY = 'v4"><img/src=x/onerror=alert(1)>'
expect.set_options(timeout=PATIENCE)


@dataclass
class Desk:
    """A browser, and the dashboard of a world in which v1 and v2 are good and v3 is bad."""

    small: Small
    page: Page
    link: str
    pictures: Path
    amiss: list[str] = field(default_factory=list)  # what the browser complained of

    @property
    def base(self) -> str:
        return self.link.partition("/?")[0]

    def go(self, path: str, width: int = 1200, theme: str = "light") -> Page:
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        answer = self.page.goto(self.base + path)
        assert answer is not None
        assert answer.ok, answer.status
        return self.page

    def picture(self, name: str) -> None:
        self.page.screenshot(path=self.pictures / f"{name}.png", full_page=True)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    pictures = Path(os.environ.get("TEST_PICTURES") or folder / "pictures")
    pictures.mkdir(parents=True, exist_ok=True)
    with Small(folder) as small, browsing() as page:
        codes = [small.run("deploy", tag, "-y").code for tag in ("v1", "v2", "v3")]
        assert codes == [0, 0, 10]
        process, link = opened(small, "--allow-actions", "--every", "2s")
        made = Desk(small, page, link, pictures)
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda said: made.amiss.append(said.text) if "favicon" not in said.location["url"] else None)
        page.on("pageerror", lambda error: made.amiss.append(str(error)))
        page.on("dialog", lambda dialog: made.amiss.append(f"a dialog: {dialog.message}"))
        page.goto(link)
        yield made
        process.terminate()
        assert process.wait(30) == 128 + signal.SIGTERM


def opened(small: Small, *words: str) -> tuple[subprocess.Popen[str], str]:
    """`rollback dashboard` as a process, and the link that it printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "rollback", "dashboard", *words],
        cwd=small.project,
        env=small.environ(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


PAGES = ("/", "/e/production", "/e/production/operations", "/e/production/delivery", "operation")


def address(desk: Desk, page: str) -> str:
    """operation: of the one that was rolled back by itself."""
    if page != "operation":
        return page
    desk.go("/e/production/operations")
    return desk.page.get_by_role("link", name="deploy v3").get_attribute("href") or ""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_fit_for_everybody_in_both_themes_and_on_a_phone(desk: Desk, page: str, theme: str) -> None:
    """By the rules of WCAG 2.1 A and AA and axe's best practices; contrast is among them."""
    path, name = address(desk, page), page.strip("/").replace("/", "-") or "home"
    desk.go(path, theme=theme)
    desk.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    found = Axe().run(desk.page)
    assert found.violations_count == 0, found.generate_report()
    desk.picture(f"{name}-{theme}")
    desk.go(path, width=360, theme=theme)
    assert desk.page.evaluate("document.documentElement.scrollWidth") == 360
    desk.picture(f"{name}-{theme}-phone")
    assert desk.amiss == []


def test_a_deploy_is_seen_while_it_runs_without_loading_the_page_again(desk: Desk) -> None:
    desk.small.release(NASTY)
    page = desk.go("/")
    page.evaluate("window.same = true")
    process = desk.small.started("deploy", NASTY, "-y")
    running = page.get_by_label("The running operation of production")
    expect(running.get_by_role("heading", name=f"deploy {NASTY}")).to_be_visible()
    expect(running.get_by_role("row", name="web2")).to_contain_text("waits")
    desk.picture("running")
    assert process.communicate(timeout=60)[0] is not None
    expect(running).to_have_count(0)
    expect(page.get_by_role("region", name="production", exact=True)).to_contain_text(f"{NASTY} (")
    expect(page.locator(".facts").first).to_contain_text("free")
    assert (page.evaluate("window.same"), process.returncode, desk.amiss) == (True, 0, [])


def test_everything_is_reached_by_keyboard(desk: Desk) -> None:
    page = desk.go("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    expect(page.get_by_role("link", name="To the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("main").get_by_role("link", name="production", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/e/production")
    page.locator("summary", has_text="Mark a release bad").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#act-4 [name=tag]")).to_be_focused()


def test_what_a_person_has_opened_and_typed_stays_when_something_is_new(desk: Desk) -> None:
    page = desk.go("/e/production")
    page.locator("summary", has_text="Freeze").first.click()
    reason = page.locator("#act-2 [name=reason]")
    reason.fill("half a sen")
    page.get_by_role("link", name="All operations").focus()
    assert desk.small.run("freeze", "--reason", "the database moves").code == 0
    expect(page.locator(".facts").first).to_contain_text("the database moves")
    expect(reason).to_have_value("half a sen")
    expect(page.get_by_role("link", name="All operations")).to_be_focused()
    assert desk.small.run("unfreeze", "--reason", "it has moved").code == 0


def test_a_rollback_is_typed_by_name_and_is_the_same_command(desk: Desk) -> None:
    if desk.small.lives() == ["v2", "v2"]:  # the deploy above may have been another worker's
        assert desk.small.run("deploy", "v4", "-y").code == 0
    before = desk.small.lives()
    page = desk.go("/e/production")
    page.locator("summary", has_text="Roll back").click()
    form = page.locator("#act-1 form")
    form.get_by_label("Reason").fill("it is <b>slow</b>; $(reboot)")
    form.get_by_label("Type production to confirm").fill("production")
    form.get_by_role("button").press("Enter")
    expect(page.locator("main [role=status]")).to_contain_text("ended with exit code 0")
    desk.picture("acted")
    assert (before != ["v2", "v2"], desk.small.lives()) == (True, ["v2", "v2"])
    row = desk.small.run("history", "-l", "1", "--json").json["data"][0]
    assert (row["what"], desk.amiss) == ("rollback v2", [])


def test_a_page_of_another_site_can_neither_act_nor_look(desk: Desk) -> None:
    """It knows all but the cookie, which the browser keeps from it. Its own trouble is not ours."""
    page = desk.go("/")
    page.goto(desk.base.replace("127.0.0.1", "localhost") + "/static/icon.svg")
    page.goto("about:blank")
    page.set_content(f'<form method="post" action="{desk.base}/e/production/act"><button>Win</button></form>')
    with page.expect_navigation() as led:
        page.get_by_role("button").click()
    assert led.value is not None
    assert led.value.status == 401
    desk.amiss.clear()


def test_a_copy_in_files_shows_the_same_and_asks_for_nothing(desk: Desk) -> None:
    done = desk.small.run("dashboard", "--export", "site")
    assert done.code == 0, done.err
    page, asked = desk.page, list[str]()
    page.on("request", lambda request: asked.append(request.url))
    page.goto((desk.small.project / "site/index.html").as_uri())
    page.get_by_role("link", name="production", exact=True).first.click()
    page.get_by_role("link", name="Delivery").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Delivery of production")
    page.get_by_role("link", name="To production").click()
    page.get_by_role("link", name="All operations").click()
    page.get_by_role("link", name="deploy v3").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("deploy v3 on production")
    expect(page.locator("main")).to_contain_text("GET /login answered 500")
    assert ([one for one in asked if not one.startswith("file://")], page.locator("form, script").count()) == ([], 0)
    assert desk.amiss == []


def test_whoever_looks_on_is_told_when_the_dashboard_has_ended(desk: Desk) -> None:
    """It ends although somebody listens."""
    process, link = opened(desk.small, "--every", "0s")
    desk.page.goto(link)
    expect(desk.page.locator("main")).to_contain_text("not known: the hosts were not asked")
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    expect(desk.page.get_by_text("not connected")).to_be_visible()
    desk.amiss.clear()
