"""Folders that are the operator's alone, whatever the umask: of the ledger, the cache, known hosts."""

from __future__ import annotations

from pathlib import Path


def private_folder(path: Path) -> Path:
    """Made if it is missing, and all that is missing above it, which `Path.mkdir` would open to others.
    Raises OSError."""
    if not path.is_dir():
        private_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
    return path
