"""Git as in the source room's tests: settings and a name of our own, whoever runs them."""

from tests.source.conftest import isolated

__all__ = ["isolated"]
