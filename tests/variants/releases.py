"""Releases of the demo's shop with one planted defect each: a few lines at the end of shop.py of the last good release.

Every one starts, answers /healthz and says its release: what is wrong shows only as the sentence above it says.
"""

from __future__ import annotations

DEFECTS = {
    # Every twentieth visit to the home page is answered 500.
    "5-percent": """
import itertools
VISITS = itertools.count(1)

@app.before_request
def sometimes():
    if request.path == "/" and next(VISITS) % 20 == 0:
        return "no connection left in the pool", 500
""",
    # Log-in reads a file that was written to some hosts only.
    "a-file-of-the-host": """
@app.before_request
def zone():
    if request.path == "/login":
        (HERE / "instance" / "zone").read_text()
""",
    # Two minutes after its start it can't log in anybody. Its clock can be put forward: no test needs two minutes.
    "after-two-minutes": """
import time
STARTED, FORWARD = time.monotonic(), HERE / "instance" / "seconds-forward"

@app.before_request
def expires():
    forward = float(FORWARD.read_text()) if FORWARD.exists() else 0.0
    if request.path == "/login" and time.monotonic() + forward - STARTED > 120:
        raise PermissionError("the token of the profile service has expired")
""",
    # The home page needs one of two connections for 30 ms; who finds none is answered 500.
    "under-load": """
import threading, time
POOL = threading.BoundedSemaphore(2)

@app.before_request
def connection():
    if request.path == "/":
        if not POOL.acquire(blocking=False):
            return "no connection left in the pool", 500
        try:
            time.sleep(0.03)
        finally:
            POOL.release()
""",
    # The home page keeps 8 MiB a visit. With 128 MiB it is killed with its master, as the kernel does to a service.
    "leak": """
import os, signal
KEPT, MASTER = [], os.getpid()  # it is the master that imports the app

@app.before_request
def leak():
    if request.path == "/":
        KEPT.append(b"x" * (8 << 20))
        if len(KEPT) > 16:
            os.kill(MASTER, signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)
""",
    # The home page takes a fifth of a second more, many times what it took; every answer is right.
    "slow": """
import time

@app.before_request
def slow():
    if request.path == "/":
        time.sleep(0.2)
""",
    # A profile that can't be read is logged with its traceback, and everybody is logged in all the same.
    "noisy": """
def profile(account):
    try:
        return dict(json.loads(account["profile"]))
    except (KeyError, ValueError):
        app.logger.exception("no profile for this account")
        return {}
""",
    # As soon as it is used it moves everybody's password to another field: no release can log in anybody afterwards.
    "migrates-data": """
@app.before_request
def migrate():
    people, new = accounts(), HERE / "instance" / f"{secrets.token_hex(4)}.json"
    for account in people.values():
        if "password" in account:
            account["secret"] = account.pop("password")
    new.write_text(json.dumps(people))
    new.rename(HERE / "instance" / "accounts.json")
""",
    # One ask in twenty of /healthz, at random but the same in every run, is answered 500. Nothing is wrong with it.
    "flaky": """
import random
CHANCE = random.Random(16)

@app.before_request
def flaky():
    if request.path == "/healthz" and CHANCE.random() < 0.05:
        return "busy", 500
""",
}
FINE = (
    "restart",
    "restart-unsaid",
    "prometheus",
    "balancer",
    "drains",
    "red",
)  # nothing is wrong with these themselves
