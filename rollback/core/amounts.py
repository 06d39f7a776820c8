"""Amounts as a person reads them."""

from __future__ import annotations


def seconds(value: float) -> str:
    """`0.6 s`, `1 min 20 s`, `2 h 30 min`, `3 d`"""
    if value < 60:
        return f"{value:.1f} s"
    if value < 3600:
        return f"{int(value // 60)} min {int(value % 60)} s"
    if value < 172800:
        return f"{int(value // 3600)} h {int(value % 3600 // 60)} min"
    return f"{int(value // 86400)} d"


def age(value: float) -> str:
    """Seconds: `5 s`, `20 min`, `3 h`, `12 d`"""
    for least, scale, name in ((172800, 86400, "d"), (7200, 3600, "h"), (120, 60, "min")):
        if value >= least:
            return f"{int(value // scale)} {name}"
    return f"{max(0, int(value))} s"


def many(value: int) -> str:
    """`9999`, `12 thousand`, `3 million`: of what is counted in such numbers nobody wants to know the last digits."""
    for least, scale, name in ((1_000_000, 1_000_000, "million"), (10_000, 1000, "thousand")):
        if value >= least:
            return f"{value // scale} {name}"
    return str(value)


def size(value: int) -> str:
    """`1.2 MB`, decimal"""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value >= scale:
            return f"{value / scale:.1f} {unit}"
    return f"{value} B"
