"""The commands: parse, compose, call, exit. No decisions. `main` and `deploy_main` are what stands on the PATH."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """`rollback …`"""
    from rollback.cli.standard import secure

    secure()
    gc.set_threshold(50_000)  # hundreds of modules are loaded, and stay: to look through them often costs 50 ms
    from rollback.cli.app import app
    from rollback.cli.usage import run

    try:
        sys.exit(run(app))
    finally:
        gc.freeze()  # the process ends now: nobody looks through all its objects for rubbish once more (0.1 s)


def deploy_main() -> None:
    """`deploy TAG …` is `rollback deploy TAG …`"""
    sys.argv[1:1] = ["deploy"]
    main()
