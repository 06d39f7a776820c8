"""What checks ask beside the app: a real Prometheus."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rollback.demo import balancer
from tests.variants.shop import answers, until


@contextmanager
def prometheus(folder: Path) -> Iterator[tuple[str, int]]:
    """Its address and process id."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("the Debian package prometheus is not installed")
    own = folder / "prometheus"
    own.mkdir()
    (own / "prometheus.yml").write_text("{}")
    (port,) = balancer.free_ports(1)
    words = (f"--config.file={own}/prometheus.yml", f"--storage.tsdb.path={own}/data")
    with (own / "log").open("wb") as log:
        process = subprocess.Popen([program, *words, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
    try:
        until(lambda: answers(f"http://127.0.0.1:{port}/-/ready"))
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.kill()
        process.wait()
