"""The shop itself, release by release: who can log in, what they see, and what health says of it."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from rollback.demo import accounts, repository

WHOLE = {"complete", "grace", "tim"}


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "shop"
    repository.make(folder)
    return folder


def client(shop: Path, tag: str, into: Path) -> FlaskClient:
    """The app of that release, as it lies on a host."""
    tree = subprocess.run(["git", "-C", str(shop), "archive", tag], check=True, stdout=subprocess.PIPE).stdout
    subprocess.run(["tar", "x", "-C", str(into)], input=tree, check=True)
    (into / "REVISION").write_text(f"{tag} {'0' * 40}\n")
    accounts.write(into / "instance")
    spec = importlib.util.spec_from_file_location(f"shop_{tag.replace('.', '_')}", into / "shop.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where Flask looks for the folder of its templates
    spec.loader.exec_module(module)
    module.app.testing = False
    made: FlaskClient = module.app.test_client()
    return made


def log_in(shop: FlaskClient, user: str) -> tuple[int, object]:
    """The status of the log-in, and what /me says after it."""
    form = shop.get("/login").get_data(as_text=True)
    found = re.search(r'name="csrf" value="(.+?)"', form)
    assert found
    answer = shop.post("/login", data={"user": user, "password": accounts.PASSWORD, "csrf": found[1]})
    profile = shop.get("/me").get_json()
    shop.delete_cookie("session")
    return answer.status_code, profile


def test_seven_of_ten_people_have_no_profile_or_a_broken_one() -> None:
    assert len(accounts.PEOPLE) == 10
    assert set(accounts.PEOPLE) - WHOLE >= {"no_profile", "corrupt_profile"}
    assert len(set(accounts.PEOPLE) - WHOLE) == 7


@pytest.mark.parametrize("tag", ["v1.0.0", "v1.1.0"])
def test_in_the_good_releases_everybody_can_log_in(shop: Path, tmp_path: Path, tag: str) -> None:
    app = client(shop, tag, tmp_path)
    assert {user: log_in(app, user)[0] for user in accounts.PEOPLE} == dict.fromkeys(accounts.PEOPLE, 302)


def test_in_the_bad_release_seven_of_ten_cannot(shop: Path, tmp_path: Path) -> None:
    app = client(shop, "v1.2.0", tmp_path)
    expected = {user: 302 if user in WHOLE else 500 for user in accounts.PEOPLE}
    assert {user: log_in(app, user)[0] for user in accounts.PEOPLE} == expected


@pytest.mark.parametrize(
    ("tag", "complete", "broken"),
    [
        ("v1.0.0", {"name": "Cora Complete"}, {"name": "corrupt_profile"}),
        ("v1.1.0", {"name": "Cora Complete", "city": "Berlin"}, {"name": "corrupt_profile", "city": ""}),
    ],
)
def test_me_tells_the_profile(
    shop: Path, tmp_path: Path, tag: str, complete: dict[str, str], broken: dict[str, str]
) -> None:
    app = client(shop, tag, tmp_path)
    assert log_in(app, "complete")[1] == {"user": "complete", **complete}
    assert log_in(app, "corrupt_profile")[1] == {"user": "corrupt_profile", **broken}


@pytest.mark.parametrize("tag", ["v1.0.0", "v1.1.0", "v1.2.0"])
def test_health_is_fine_in_every_release_and_says_which_one_it_is(shop: Path, tmp_path: Path, tag: str) -> None:
    app = client(shop, tag, tmp_path)
    answer = app.get("/healthz")
    assert (answer.status_code, answer.get_json()) == (200, {"release": tag, "status": "ok"})
    assert answer.headers["X-Release"] == tag
    (tmp_path / "REVISION").write_text("v9.9.9\n")
    assert app.get("/healthz").headers["X-Release"] == tag, "it is the code that runs, not the folder's latest news"


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"user": "complete", "password": accounts.PASSWORD, "csrf": "another"}, 400),
        ({"user": "complete", "password": accounts.PASSWORD}, 400),
        ({"user": "complete", "password": "wrong"}, 401),
        ({"user": "stranger", "password": accounts.PASSWORD}, 401),
    ],
)
def test_nobody_else_gets_in(shop: Path, tmp_path: Path, form: dict[str, str], status: int) -> None:
    app = client(shop, "v1.1.0", tmp_path)
    if status == 401:
        found = re.search(r'value="(.+?)"', app.get("/login").get_data(as_text=True))
        assert found
        form = {**form, "csrf": found[1]}
    else:
        app.get("/login")
    assert app.post("/login", data=form).status_code == status
    assert app.get("/me").status_code == 401


def test_the_repository_is_the_same_every_time(shop: Path, tmp_path: Path) -> None:
    repository.make(tmp_path / "again")
    tags = ["git", "for-each-ref", "--format=%(refname:short) %(objecttype) %(*objectname) %(creatordate:short)"]
    listed = [
        subprocess.run(tags, check=True, cwd=folder, capture_output=True, text=True).stdout
        for folder in (shop, tmp_path / "again")
    ]
    assert listed[0] == listed[1]
    assert [line.split()[:2] for line in listed[0].splitlines()] == [
        ["main", "commit"],
        ["v1.0.0", "tag"],
        ["v1.1.0", "tag"],
        ["v1.2.0", "tag"],
    ]
