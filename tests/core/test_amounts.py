from __future__ import annotations

from rollback.core.amounts import age, many, seconds, size


def test_amounts_as_a_person_reads_them() -> None:
    assert [many(one) for one in (7, 9_999, 10_000, 999_999, 1_000_000, 16_300_184)] == [
        *("7", "9999", "10 thousand", "999 thousand", "1 million", "16 million")
    ]
    assert [size(one) for one in (0, 999, 1000, 57_344, 84_800_000_000)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "57.3 kB",
        "84.8 GB",
    ]
    assert [seconds(one) for one in (0.61, 80, 9000, 260_000)] == ["0.6 s", "1 min 20 s", "2 h 30 min", "3 d"]
    assert [age(one) for one in (-3, 119.9, 120, 7199, 7200, 172_800)] == [
        "0 s",
        "119 s",
        "2 min",
        "119 min",
        "2 h",
        "2 d",
    ]
