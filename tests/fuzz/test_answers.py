"""Whatever a host answers, it becomes one of our nouns or is outside the protocol, and all of it can be shown."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rollback.errors import OutsideProtocol
from rollback.hosts.findings import asked, of_change, of_running
from rollback.hosts.looked_over import looked_over
from rollback.hosts.pace import Pace
from rollback.hosts.protocol import Answer, parse
from rollback.hosts.reading import lines, ran, sighting
from rollback.hosts.sentences import FAILURES, REFUSALS, sentence
from rollback.ledger.codec import from_lines
from rollback.model import Finding, Host, Sighting, Ssh
from rollback.text import clean
from tests.build import release

WEB = Host("web1", "/srv/shop", Ssh(), restart="sudo -n systemctl restart shop")
V1 = release("v1", "a" * 40)
KEYS = st.sampled_from(
    [
        *(b"live", b"previous", b"lease", b"intent", b"release", b"partial", b"free", b"journal", b"taken", b"token"),
        *(b"number", b"ran", b"out", b"err", b"own", b"stray", b"did", b"end", b"\xff", b"", b"lacks", b"unwritable"),
        *(b"missing", b"clock", b"worked", b"tree", b"right", b"grant", b"fallback"),
    ]
)
FIT = [V1.id.encode(), b"v1", b"a" * 40, b"b" * 40, b"OP1", b"-", b"0", b"12", b"9" * 30, b"live", b"prepared", b"%1B"]
WORDS = st.sampled_from(FIT) | st.binary(max_size=8)
VALUES = st.lists(WORDS, max_size=8).map(b" ".join)
STATUS = st.sampled_from(
    [*(one.encode() for one in sorted(FAILURES | REFUSALS)), b"ok", b"already", b"late", b"\x1b[2J"]
)


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """Lines that look like the agent's, some with a login shell's noise between them."""
    said = [b"rollback/1 %s %s" % pair for pair in draw(st.lists(st.tuples(KEYS, VALUES), max_size=6))]
    noise = draw(st.lists(st.binary(max_size=20), max_size=2))
    end = b"rollback/1 end %s %s" % (draw(STATUS), draw(VALUES))
    return b"\n".join([*noise, *said, *draw(st.sampled_from([[], [end]])), b""])


def seen(answer: Answer) -> list[object]:
    """Everything that is ever made of an answer."""
    question = asked("activate", WEB, str, Pace())
    return [
        sentence(answer, WEB),
        ran(answer),
        lines(answer, "out"),
        of_change(question, answer, "live"),
        of_running(question, answer, V1),
        looked_over(WEB, answer, question.at, 1.0),
        sighting(WEB, answer),
    ]


@settings(max_examples=300, deadline=None)
@given(answers() | st.binary(max_size=300))
def test_any_answer_is_a_noun_or_outside_the_protocol(said: bytes) -> None:
    try:
        made = seen(parse(said, "web1"))
    except OutsideProtocol as error:
        made = [str(error), error.hint]
    for one in made:
        texts = [one.observed, one.evidence, one.check] if isinstance(one, Finding) else [repr(one)]
        assert [text for text in texts if clean(text, 1 << 20) != text] == []
    assert {type(one) for one in made} <= {str} or isinstance(made[-1], Sighting)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 400), st.binary(max_size=6))
def test_any_journal_is_read_line_by_line(noise: bytes, at: int, more: bytes) -> None:
    whole = (
        b'{"id":"01JD0000000000000000000001","at":"2026-11-23T14:03:10+00:00","app":"shop","environment":"production",'
        b'"operation":"01JD0000000000000000000000","author":"ada","kind":"withdrawn","body":{"release":{"tag":"v1.0.0",'
        b'"commit":"%s","tree":"%s"}}}\n' % (b"c" * 40, b"d" * 40)
    )
    spoilt = whole[:at] + more + whole[at + len(more) :]
    entries, _ = from_lines(noise.replace(b"\n", b" ") + b"\n" + spoilt + b"\n" + whole)
    assert entries[-1].author == "ada"
