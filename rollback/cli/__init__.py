"""The commands: parse, compose, call, exit. No decisions. `main` and `deploy_main` are what stands on the PATH."""

from __future__ import annotations

import sys


def main() -> None:
    """`rollback …`"""
    from rollback.cli.app import app

    app(prog_name="rollback")


def deploy_main() -> None:
    """`deploy TAG …` is `rollback deploy TAG …`"""
    sys.argv[1:1] = ["deploy"]
    main()
