"""One sanitizer for every string that comes from outside: host output, tags, bodies, commit messages.

Nothing from outside reaches a terminal, a log or a record without passing `clean`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# Control (Cc), format such as bidi overrides (Cf), surrogates (Cs), line and paragraph ends (Zl, Zp), private (Co), and
# what this Unicode does not know yet (Cn).
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"}
_PLAIN = re.compile(r"[\x20-\x7e\n]*")


def clean(text: str | bytes, limit: int = 4096) -> str:
    """Visible text only, newlines kept, the hidden shown as \\xNN or \\uNNNN; at most the last `limit` characters."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "backslashreplace")
    text = text.replace("\r\n", "\n").replace("\t", "    ")
    shown = text if _PLAIN.fullmatch(text) else "".join(map(_visible, text))
    return shown if len(shown) <= limit else "…" + shown[1 - limit :]


def clean_line(text: str | bytes, limit: int = 300) -> str:
    """The same on one line, the first characters kept."""
    shown = " ".join(clean(text, limit=1 << 20).split())
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def hosts(names: Sequence[str], limit: int = 6) -> str:
    """`web1 web2 web3`, or the first few and a count."""
    if len(names) <= limit:
        return " ".join(names)
    return f"{' '.join(names[:limit])} and {len(names) - limit} more"


def _visible(char: str) -> str:
    if char == "\n" or unicodedata.category(char) not in _HIDDEN:
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
