"""What looks like a credential, whoever wrote it: struck from every text by its shape, known to us or not.

A short list of shapes that are hardly ever anything else: a text from which too much is struck helps nobody at night.
"""

from __future__ import annotations

import re
from functools import lru_cache

_HIDDEN = "[hidden]"
_NAMES = "password|passwd|passphrase|secret|secret[_-]?key|token|api[_-]?key|access[_-]?key|private[_-]?key"
# Not what is named, was struck already, or is left to the reader: ${NAME}, {{name}}, [NAME], ….
_VALUE = r"""(?!\$|\{\{|\[|…(?:\s|$))(?:"[^"]+"|'[^']+'|[^\s&;,"'<>)]+)"""

# Each shape keeps what stands before the credential (group 1), so that a reader sees what was there.
_SHAPES = (
    r"(://[^/\s:@]{0,256}:)(?!\[)[^/\s@]{1,512}(?=@)",  # postgresql://user:…@host
    r"\b(authorization[\"']?\s?[:=]\s?[\"']?(?:(?:bearer|basic|token)\s)?+)(?!\[)[^\s\"',;]+",
    r"\b(bearer\s)(?!\[)[a-z0-9._~+/-]{16,}=*",
    rf"((?:{_NAMES})=){_VALUE}",  # TOKEN=…, ?token=…&, --password=…
    rf"((?:{_NAMES})[\"']\s?:\s?)(?:\"(?!\[)[^\"]+\"|'(?!\[)[^']+')",  # {"token": "…"}
    r"(-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY-----)(?:.*?(?=-----END)|.*)",
    r"()\b(?:gh[pousr]_[a-z0-9]{36,}|github_pat_\w{22,}|glpat-[\w-]{20,}|xox[abprs]-[\w-]{10,})",
    r"()\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    r"()\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*",  # a JSON web token
)
_LEAST = 6  # characters of the shortest: `://:x@`
_OFTEN = 200  # characters of what is worth remembering
_PATTERNS = tuple(re.compile(shape, re.IGNORECASE | re.DOTALL | re.ASCII) for shape in _SHAPES)


def struck(text: str) -> str:
    """`text` without them. Striking twice changes nothing."""
    if len(text) > _OFTEN:
        return _struck(text)
    return text if len(text) < _LEAST else _struck_often(text)


@lru_cache(maxsize=4096)
def _struck_often(text: str) -> str:
    """Names, tags and sentences are said over and over."""
    return _struck(text)


def _struck(text: str) -> str:
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\1{_HIDDEN}", text)
    return text
