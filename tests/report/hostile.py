"""An explanation in which everything that comes from outside tries to get out of where it is put."""

from __future__ import annotations

from dataclasses import replace

from rollback.core.explain import Explanation, Part, answers
from rollback.core.history import Standing
from rollback.model import Grade, Outcome, Result, Verdict
from tests.build import at, finding, release

TRICKS = (
    "| a | b |\n| c",
    "</pre></details><script>alert(1)</script>",
    "```\n# not a heading\n```",
    "`code` **bold** [link](https://evil.example) ![image](x) <https://evil.example>",
    "https://evil.example www.evil.example @somebody",
    "\r\n::error title=forged::x\n##[error]forged ::set-output name=outcome::done",
    "a%0A::warning::b,c:d=e",
    "<![CDATA[ ]]> </testcase> &amp; \" '",
    "\x00\x1b[31m\x9b2J\u202e\ud800\ufffe",
    "name<<EOF\nx\nEOF",
)
EVERY = "\n".join(TRICKS)


def hostile(text: str) -> Explanation:
    """text stands wherever a host, a person or a repository may have put it."""
    tag = release(text, "f" * 40)
    failed = finding(f"check {text}", Result.FAIL, f"host {text}", f"user {text}")
    failed = replace(failed, observed=text, expected=text, evidence=text)
    before = replace(failed, result=Result.PASS)
    question = (failed.check, failed.host, failed.case)
    standing = Standing(tag, Grade.BAD, at(0), text)
    return Explanation(
        what="deploy",
        environment="production",
        outcome=Outcome.ROLLED_BACK,
        verdict=Verdict(Grade.BAD, text, (failed,)),
        operation="01OP",
        author=text,
        target=tag,
        fallback=tag,
        reason=text,
        live=(("web1", text),),
        away=(text,),
        back_to=standing,
        skipped=((standing, text),),
        parts=(Part("preflight", None, answers([before])), Part("verify", tag, answers([failed], {question: before}))),
    )
