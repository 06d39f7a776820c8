"""The README's pictures, from a real run of the demo: `python -m tests.pictures [FOLDER]`, or `make pictures`.

demo.svg: what the terminal showed of the incident. dashboard.png: the dashboard of that world.
"""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tests.dashboard.browser import browsing

_WIDTH = 112  # columns
_EXCERPT = re.compile(r"[^\n]*The incident's release.*?people's requests meanwhile[^\n]*\n", re.DOTALL)
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)  # they would be fetched from elsewhere
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def main(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    told = recorded([sys.executable, "-m", "rollback", "demo", "--keep"])
    plain = _COLOUR.sub("", told)
    place = re.search(r"Everything is in (\S+)", plain)
    assert place is not None, plain
    world = Path(place[1])
    try:
        assert "✓ it went as told" in plain, plain
        (folder / "demo.svg").write_text(drawn(told))
        photograph(world, folder / "dashboard.png")
    finally:
        subprocess.run([world / "stop.sh"], check=True, stdout=subprocess.DEVNULL)


def recorded(command: list[str]) -> str:
    """All that it writes to a terminal. CI: lines that scroll, since a picture shows no redrawing."""
    ours, its = pty.openpty()
    environ = {**os.environ, "COLUMNS": str(_WIDTH), "TERM": "xterm-256color", "CI": "true"}
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=its, stderr=its, env=environ) as process:
        os.close(its)
        told = io.BytesIO()
        try:
            while chunk := os.read(ours, 65536):
                told.write(chunk)
        except OSError:  # Linux says so when the last writer is gone
            pass
        assert process.wait() == 0, told.getvalue().decode()
    return told.getvalue().decode().replace("\r\n", "\n")


def drawn(told: str) -> str:
    """The incident's part of it, as a picture of a terminal."""
    excerpt = _EXCERPT.search(told)
    assert excerpt is not None, told
    console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(excerpt[0]))
    return _FONTS.sub("", console.export_svg(title="rollback demo", unique_id="demo"))


def photograph(world: Path, file: Path) -> None:
    command = [str(world / "bin/rollback"), "dashboard"]
    (shop,) = (one.parent.parent for one in world.rglob("playbooks/*.yml"))
    with subprocess.Popen(command, cwd=shop, stdout=subprocess.PIPE, text=True) as process, browsing(1200, 800) as page:
        assert process.stdout is not None
        try:
            page.goto(process.stdout.readline().strip())
            page.get_by_text("free").first.wait_for()
            page.screenshot(path=file)
        finally:
            process.terminate()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path("docs"))
