"""`python -m tests.simulation`: many seeds, or one with all that happens in it."""

from __future__ import annotations

import argparse
import gc
import os
import resource
import sys
import time
import traceback
from collections.abc import Iterator
from multiprocessing import Pool

from tests.simulation.replay import Broken, run, traced

_BLOCK = 100


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seed", type=int, help="replay this one, and print what happens")
    parser.add_argument("--seeds", default="0..2000", metavar="FROM..TO", help="run these; default: %(default)s")
    parser.add_argument("--hosts", type=int, default=0, help="how many hosts; default: a few")
    given = parser.parse_args()
    return _one(given.seed, given.hosts) if given.seed is not None else _many(given.seeds, given.hosts)


def _one(seed: int, hosts: int) -> int:
    lines, broke = traced(seed, hosts)
    print(*lines, sep="\n")
    print(_cost(), file=sys.stderr)
    if broke is not None:
        traceback.print_exception(broke)
    return int(broke is not None)


def _cost() -> str:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return f"{used.ru_utime + used.ru_stime:.1f} s of CPU, {used.ru_maxrss // 1024} MiB"


def _many(seeds: str, hosts: int) -> int:
    first, last = (int(word) for word in seeds.split(".."))
    blocks = [(start, min(start + _BLOCK, last), hosts) for start in range(first, last, _BLOCK)]
    began, failed = time.monotonic(), 0
    with Pool(os.cpu_count()) as pool:
        for done, told in enumerate(pool.imap_unordered(_block, blocks), start=1):
            failed += len(told)
            print(*told, sep="\n\n", end="\n\n" if told else "")
            print(f"\r{min(done * _BLOCK, last - first)} seeds, {failed} failed", end="", file=sys.stderr, flush=True)
    print(f"\n{last - first} seeds in {time.monotonic() - began:.0f} s: {failed} failed")
    return int(failed > 0)


def _block(block: tuple[int, int, int]) -> list[str]:
    first, last, hosts = block
    gc.set_threshold(100_000)
    return list(_failures(range(first, last), hosts))


def _failures(seeds: range, hosts: int) -> Iterator[str]:
    for seed in seeds:
        try:
            run(seed, hosts)
        except Broken as error:
            yield str(error)


if __name__ == "__main__":
    raise SystemExit(main())
