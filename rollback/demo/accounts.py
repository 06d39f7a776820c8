"""The shop's people: as in the incident, seven of ten have no profile, or one that an import broke half-way."""

from __future__ import annotations

import json
from pathlib import Path

PASSWORD = "correct horse battery staple"
_WHOLE = {"complete": ("Cora Complete", "Berlin"), "grace": ("Grace Hall", "Lyon"), "tim": ("Tim Ito", "Porto")}
_NONE = ("no_profile", "anna", "boris", "carla")
_BROKEN = ("corrupt_profile", "dmitri", "elena")
PEOPLE = (*_WHOLE, *_NONE, *_BROKEN)


def write(instance: Path) -> None:
    """Fill the shared `instance` folder: the same on every host, so that sessions hold everywhere."""
    from werkzeug.security import generate_password_hash

    # One cheap hash for all: the load's many logins share two small cores with everything else.
    password = generate_password_hash(PASSWORD, "pbkdf2:sha256:1000")
    profiles = {user: json.dumps({"name": name, "city": city}) for user, (name, city) in _WHOLE.items()}
    profiles |= {user: '{"name": "' + user.title() for user in _BROKEN}
    accounts = {
        user: {"password": password, **({"profile": profiles[user]} if user in profiles else {})} for user in PEOPLE
    }
    instance.mkdir(parents=True)
    (instance / "accounts.json").write_text(json.dumps(accounts, indent=1))
    (instance / "secret_key").write_bytes(b"the same on every host of the demo, and nowhere else")
