"""Questions to a release. httpx has a command line of its own that loads three more libraries; nobody uses it here."""

import sys

sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
