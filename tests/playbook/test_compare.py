from __future__ import annotations

from rollback.playbook.compare import differences

OLD = b"app: shop\nkeep: 5\nenvironments:\n  production: {hosts: [web1, web2], rollout: {batch: 50%}}\n"
NEW = b"app: shop\nkeep: 3\nenvironments:\n  production: {hosts: [web1], url: https://shop.example.com}\n"


def test_what_differs_is_told_key_by_key() -> None:
    assert differences(OLD, NEW) == (
        ("environments.production.hosts[1]", "web2", None),
        ("environments.production.rollout.batch", "50%", None),
        ("environments.production.url", None, "https://shop.example.com"),
        ("keep", "5", "3"),
    )


def test_one_that_is_the_same_or_can_not_be_read_differs_in_nothing_or_in_all_of_it() -> None:
    assert differences(OLD, b"# said otherwise\n" + OLD) == ()
    assert [before for _, before, after in differences(b"app: shop\n", b"\xff: [") if after is None] == ["shop"]
