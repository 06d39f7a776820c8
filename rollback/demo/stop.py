"""`python -m rollback.demo.stop FOLDER`: end a world that `rollback demo --keep` left running; remove its folder."""

from __future__ import annotations

import sys
from pathlib import Path

from rollback.demo import remains, world


def main() -> int:
    folder = Path(sys.argv[1]).resolve()
    if not remains.notes(folder).is_file():
        print(f"{folder} is not a folder of `rollback demo`", file=sys.stderr)
        return 2
    world.clear(folder)
    print(f"ended, and {folder} is removed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
