"""A small shop: people log in and see their profile. Accounts live in instance/, which outlives releases."""

from __future__ import annotations

import hmac
import json
import secrets
from pathlib import Path
from typing import Any

from flask import Flask, Response, jsonify, redirect, render_template, request, session, url_for
from werkzeug.security import check_password_hash
from werkzeug.wrappers import Response as AnyResponse

HERE = Path(__file__).resolve().parent


def _release() -> str:
    """The tag that was deployed; read once, so that it is the code that runs and not the folder that is current."""
    revision = HERE / "REVISION"
    return revision.read_text().split()[0] if revision.exists() else HERE.name.rpartition("-")[0] or HERE.name


RELEASE = _release()
app = Flask(__name__, instance_path=str(HERE / "instance"))
app.secret_key = (HERE / "instance" / "secret_key").read_bytes()


def accounts() -> dict[str, dict[str, Any]]:
    """Every account by its name. Old ones have no profile, and an import once left half of some behind."""
    return dict(json.loads((HERE / "instance" / "accounts.json").read_text()))


def profile(account: dict[str, Any]) -> dict[str, str]:
    """What we know of a person; an empty profile where there is none to be read."""
    try:
        return dict(json.loads(account["profile"]))
    except (KeyError, ValueError):
        return {}


@app.after_request
def say_release(response: Response) -> Response:
    response.headers["X-Release"] = RELEASE
    return response


@app.get("/")
def home() -> str:
    return render_template("home.html", name=session.get("name"))


@app.get("/login")
def login_form() -> str:
    session["csrf"] = secrets.token_urlsafe(16)
    return render_template("login.html", csrf=session["csrf"])


@app.post("/login")
def login() -> AnyResponse | tuple[str, int]:
    if not hmac.compare_digest(session.pop("csrf", "").encode(), request.form.get("csrf", "-").encode()):
        return "This form has expired.", 400
    user = request.form.get("user", "")
    account = accounts().get(user)
    if account is None or not check_password_hash(account["password"], request.form.get("password", "")):
        return "No such user, or another password.", 401
    session["user"] = user
    session["name"] = profile(account).get("name", user)
    return redirect(url_for("home"))


@app.get("/me")
def me() -> Response | tuple[Response, int]:
    if "user" not in session:
        return jsonify(error="log in first"), 401
    return jsonify(user=session["user"], name=session["name"])


@app.get("/healthz")
def healthz() -> Response:
    return jsonify(status="ok", release=RELEASE)
