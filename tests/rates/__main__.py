"""`python -m tests.rates`: how often a good release is condemned, and a bad one is missed."""

from __future__ import annotations

import argparse
import time

from tests.rates.table import lines, measured


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.rates")
    parser.add_argument("--deploys", type=int, default=2000, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    given = parser.parse_args()
    began = time.monotonic()
    print(*lines(measured(given.deploys, given.seed)), sep="\n")
    print(f"seed {given.seed}, {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
