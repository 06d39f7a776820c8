"""Where the database is."""

from __future__ import annotations

from pathlib import Path

import pytest
from platformdirs import user_data_dir
from sqlalchemy import URL

from rollback.errors import UsageError
from rollback.ledger.place import address, file_of, location, resolved
from rollback.ledger.server import filled, shown


def test_the_default_place_goes_by_the_playbooks_real_path(tmp_path: Path) -> None:
    book = tmp_path / "playbooks" / "shop.yml"
    book.parent.mkdir()
    book.write_text("")
    (tmp_path / "link").symlink_to(book.parent)
    place = location(book, "shop")
    assert place.parent == Path(user_data_dir("rollback"))
    assert place.name.startswith("shop-")
    assert len(place.name) == len("shop-01234567.sqlite3")
    assert location(tmp_path / "link" / "shop.yml", "shop") == place
    assert location(tmp_path / "other.yml", "shop") != place


def test_a_playbooks_ledger_becomes_a_full_url(tmp_path: Path) -> None:
    book = tmp_path.resolve() / "shop.yml"
    assert resolved("sqlite", book, "shop") == f"sqlite:///{location(book, 'shop')}"
    assert resolved("sqlite:///l.db", book, "shop") == f"sqlite:///{book.parent}/l.db"
    assert resolved("sqlite:////srv/l.db", book, "shop") == "sqlite:////srv/l.db"
    assert resolved("postgresql://db", book, "shop") == "postgresql://db"


def test_a_file_may_have_any_name() -> None:
    assert file_of("sqlite:////srv/a?b%20c#d.db") == Path("/srv/a?b%20c#d.db")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql+asyncpg://u:hunter2@db/l", "not a ledger: 'postgresql+asyncpg'"),
        ("postgresql://u:hunter2@db:port/l", "the ledger's URL can't be read"),
        ("mysql://u:hunter2@db/l", "not a ledger: 'mysql'"),
        ("sqlite", "not a ledger: 'sqlite'"),
        ("sqlite:///", "not a ledger: 'sqlite'"),
        ("sqlite:///a\0b", "not a ledger: 'sqlite'"),
        ("", "not a ledger: ''"),
    ],
)
def test_other_ledgers_are_refused_without_showing_their_password(url: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        address(url)
    assert (str(caught.value), "hunter2" in caught.value.hint) == (sentence, False)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_secret_fills_its_part_of_the_url_whatever_is_in_it(scheme: str) -> None:
    place = address(f"{scheme}://team:${{PASSWORD}}@db.example.com:6432/ledger?sslmode=require")
    assert isinstance(place, URL)
    full = filled(place, lambda text: text.replace("${PASSWORD}", "a/b@c:%d"))
    assert (full.password, full.host, full.port, full.database) == ("a/b@c:%d", "db.example.com", 6432, "ledger")
    assert (full.drivername, full.query) == ("postgresql+psycopg", {"sslmode": "require"})
    assert shown(full) == "postgresql://db.example.com:6432/ledger"
