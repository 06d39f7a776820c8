"""The messages: what is sent, and that no answer, however strange, gets past the reading as something else."""

from __future__ import annotations

import io
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollback.errors import OutsideProtocol
from rollback.hosts import requests
from rollback.hosts.protocol import CAP, Answer, Field, Request, around, parse, script, stdin
from rollback.hosts.reading import sighting
from rollback.hosts.requests import Turn
from rollback.hosts.script import text
from rollback.hosts.sentences import sentence
from rollback.model import Confirm, Host, Intent, LeaseSeen, Release, Sighting, Ssh
from rollback.text import clean
from tests.build import release
from tests.hosts.packages import Shared

WEB = Host("web1", "/srv/shop", Ssh(command_timeout=60), restart="reload", drain="drain")
V1, V2 = release("v1", "a" * 40), release("v2", "b" * 40)
TURN = Turn("OP1", 3, 7, 60)
PROOF = (("root", "/srv/shop"), ("operation", "OP1"), ("token", "3"), ("number", "7"), ("ttl", "60"))


STREAM, STREAMED = b"rollback/1 stream\n", b"\nrollback/1 streamed\nrollback/1 end ok\n"
CONFUSING = st.sampled_from([STREAM, STREAMED, b"\nrollback/1 end ok\n", b"\nrollback/1 streamed\n", b"\n"])
PAYLOAD = st.lists(st.binary(max_size=20) | CONFUSING, max_size=6).map(b"".join)


@given(before=st.sampled_from([b"", b"Welcome!", b"\n\n"]), payload=PAYLOAD, room=st.sampled_from([0, CAP, 3 * CAP]))
def test_what_is_streamed_is_left_between_the_lines(before: bytes, payload: bytes, room: int) -> None:
    payload += bytes(room)
    stream = io.BytesIO(before + STREAM + payload + STREAMED)
    assert (parse(around(stream), "web1"), stream.read()) == (Answer("ok"), payload)


@given(payload=st.binary(max_size=60), kept=st.floats(0, 1))
def test_a_stream_that_was_cut_off_is_no_answer(payload: bytes, kept: float) -> None:
    whole = STREAM + payload + STREAMED.removesuffix(b"rollback/1 end ok\n")
    with pytest.raises(OutsideProtocol):
        parse(around(io.BytesIO(whole[: int(len(whole) * kept)])), "web1")


def test_a_refusal_needs_no_stream() -> None:
    stream = io.BytesIO(b"Welcome!\nrollback/1 end incomplete\n")
    assert parse(around(stream), "web1") == Answer("incomplete")


def test_a_request_is_a_value() -> None:
    assert requests.activate(WEB, TURN, V2, (V1.id, None), "drain", {"A": "b c"}) == Request(
        "activate",
        (
            *PROOF,
            ("cover", "160"),
            ("release", V2.id),
            ("from", V1.id),
            ("from", "-"),
            ("must", "drain"),
            ("seconds", "60"),
            ("drain", "drain"),
            ("restart", "reload"),
            ("env", "A=b c"),
        ),
        deadline=170.0,
    )


def test_only_a_switch_that_must_be_confirmed_brings_the_text_for_it() -> None:
    confirm = Confirm(90.0, {"web1": b'{"at":"@at@"}\n'})
    web = replace(WEB, undrain="undrain")
    asked = requests.activate(web, TURN, V2, (V1.id,), "switch", {}, b"{}\n", confirm)
    assert asked.words[-4:] == (
        ("journal", "{}"),
        ("confirm", "90"),
        ("record", '{"at":"@at@"}'),
        ("undrain", "undrain"),
    )
    plain = requests.activate(web, TURN, V2, (V1.id,), "switch", {}, b"{}\n")
    assert [b"\nleave_watcher() {" in script(one) for one in (asked, plain)] == [True, False]


def test_the_lease_covers_every_command_of_a_preparation() -> None:
    request = requests.prepare(WEB, TURN, V2, Shared(("log",), (".env",)), ("make", "test"), {})
    assert (request.first("cover"), request.deadline) == ("190", 200.0)


def test_more_journals_than_fit_one_answer_are_asked_for_in_parts() -> None:
    parts = requests.journals(WEB, tuple(f"OP{number}" for number in range(120)))
    assert [len(part.all("id")) for part in parts] == [50, 50, 20]


VERBS = ("sight", "acquire", "stage", "prepare", "activate", "finish", "inspect", "running")


@pytest.mark.parametrize("verb", VERBS)
def test_of_the_agent_only_what_a_verb_needs_is_sent_and_no_comments(verb: str) -> None:
    sent = text(verb, watched=False)
    assert not any(line.startswith((b"#", b" ")) or not line for line in sent.splitlines())
    assert len(sent) < 18_000
    assert [f"verb_{one}() {{".encode() in sent for one in VERBS] == [one == verb for one in VERBS]


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=()), max_size=50))
def test_any_value_survives_the_quoting(value: str) -> None:
    encoded = value.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")
    sent = script(Request("sight", (("text", encoded),)))
    bare = sent.removeprefix(b"{\n" + text("sight", watched=False)).removesuffix(b"\n}\n")
    call = bare.decode(errors="surrogateescape")
    assert shlex.split(call) == ["rollback_agent", "sight", f"text={encoded}"]


def test_a_payload_follows_the_script_and_is_counted(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 300_000)
    counts: list[int] = []
    request = Request("stage", (), (b"head", tmp_path / "file"), sent=counts.append)
    assert b"".join(stdin(b"script", request)) == b"script" + b"head" + b"x" * 300_000
    assert counts == [4, 262_148, 300_004]


FULL = Answer(
    "ok",
    "",
    (
        Field("live", V2.id),
        Field("previous", V1.id),
        Field("lease", "OP1 3 ada%20l live 12 48 activate"),
        Field("intent", f"OP1 3 - {V2.id} prepared"),
        Field("release", f"{V1.id} v1 {V1.commit} {V1.tree}"),
        Field("release", f"{V2.id} v1 {V2.commit} {V2.tree}"),
        Field("partial", "v3-cccccccccccc"),
        Field("free", "10 4096 7"),
        Field("journal", "OP1 99"),
    ),
)


def test_a_sighting_is_read_and_a_release_that_is_not_itself_is_left_out() -> None:
    assert sighting(WEB, FULL) == Sighting(
        "web1",
        live=V2.id,
        previous=V1.id,
        releases=(V1,),
        partial=("v3-cccccccccccc",),
        lease=LeaseSeen("OP1", 3, "ada l", True, 12, 48, "activate"),
        intent=Intent("OP1", 3, None, V2.id, "prepared"),
        free_bytes=40960,
        free_inodes=7,
        journals={"OP1": 99},
    )


def test_a_tag_of_any_bytes_comes_back() -> None:
    odd = Release("ü\udcff/1", "d" * 40, "e" * 40)
    line = f"{odd.id} {odd.id.removesuffix('-' + odd.commit[:12])} {odd.commit} {odd.tree}"
    assert sighting(WEB, Answer("ok", "", (Field("release", line),))).releases == (odd,)


@pytest.mark.parametrize(
    "field",
    [
        ("live", "../x"),
        ("lease", "OP1"),
        ("intent", "a 1 b c done"),
        ("journal", "x"),
        ("free", "a b c"),
        ("partial", ""),
    ],
)
def test_a_field_that_is_none_is_outside_the_protocol(field: tuple[str, str]) -> None:
    with pytest.raises((OutsideProtocol, ValueError)):
        sighting(WEB, Answer("ok", "", (Field(*field),)))


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"rollback/1 end ok\n"]),
    st.sampled_from(["live", "lease", "release"]),
)
def test_no_answer_crashes_or_brings_control_bytes(noise: bytes, end: bytes, key: str) -> None:
    try:
        answer = parse(b"rollback/1 %s %s\n%s" % (key.encode(), noise, end), "web1")
        shown = repr(sighting(WEB, answer)) if answer.status == "ok" else sentence(answer, WEB).text
    except OutsideProtocol as error:
        shown = str(error)
    assert clean(shown, 1 << 20) == shown


@pytest.mark.parametrize(
    ("answer", "text", "hint"),
    [
        (
            Answer("held", "", (Field("lease", "OP1 3 ada@laptop live 12 48 activate"),)),
            "held by ada@laptop (operation OP1) for 12 s, in phase activate",
            "rollback status",
        ),
        (
            Answer("fenced", "", (Field("lease", "OP1 4 ada@laptop stale 99 0 reverted -"),)),
            "it heard nothing of operation OP1 for too long and put back by itself what was live before",
            "rollback status",
        ),
        (
            Answer("notalink"),
            "/srv/shop/current is a real folder, not a link to a release",
            "ssh web1 'mv /srv/shop/current /srv/shop/current.before'",
        ),
        (Answer("noroot"), "/srv/shop does not exist", """ssh -t web1 'sudo install -d -o "$USER" /srv/shop'"""),
        (
            Answer("full", "9 KiB needed"),
            "the disk is full: 9 KiB needed",
            "ssh web1 'df -h /srv/shop; df -i /srv/shop'",
        ),
        (
            Answer("missing", "shared/.env"),
            "/srv/shop/shared/.env is missing: the playbook shares it",
            "ssh web1 'ls -la /srv/shop/shared'",
        ),
        (Answer("fenced"), "the lease was taken away", "rollback status"),
        (Answer("busy", "an earlier command still runs"), "it is busy: an earlier command still runs", ""),
    ],
)
def test_a_refusal_is_a_sentence_with_a_next_command(answer: Answer, text: str, hint: str) -> None:
    said = sentence(answer, WEB)
    assert (said.text, said.hint) == (text, hint)
