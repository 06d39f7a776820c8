"""Mistakes in protocol and core, each with the tests that must notice it. What none notices nobody would notice."""

from __future__ import annotations

from dataclasses import dataclass

AGENT = "rollback/hosts/agent"
CONTRACT = ("tests/hosts/test_contract.py", "-k", "local_shell and dash")
ON_HOST = ("tests/hosts/test_agent.py", "-k")
FLEET = ("tests/hosts/test_fleet.py",)
OUTCOME = ("tests/operation/test_outcome.py", "tests/operation/test_conduct.py")
HISTORIES = ("tests/operation/test_histories.py", "-k", "policy1 or policy2")


@dataclass(frozen=True, slots=True)
class Planted:
    """A text of a file that is there once, what it becomes, and the pytest words of what must fail then."""

    mistake: str
    file: str
    text: str
    becomes: str
    tests: tuple[str, ...]


PLANTED = (
    Planted(
        "no fencing: whoever comes is taken for the holder",
        f"{AGENT}/lease.sh",
        'is_ours() { [ "$l_operation $l_token" = "$operation $token" ]; }',
        "is_ours() { true; }",
        CONTRACT,
    ),
    Planted("a lease does not run out", f"{AGENT}/lease.sh", "    is_live || end expired\n", "", (*ON_HOST, "expired")),
    Planted(
        "anybody's lease may be stolen, whosever it was said to be",
        f"{AGENT}/lease.sh",
        'if is_live && [ "$steal" != "$l_operation" ]; then',
        'if is_live && [ -z "$steal" ]; then',
        CONTRACT,
    ),
    Planted("a token is used again", f"{AGENT}/lease.sh", "token=$((token + 1))", "token=$((token + 0))", CONTRACT),
    Planted(
        "an incomplete release is activated",
        f"{AGENT}/activate.sh",
        '    enter activate\n    read_header "$release" || end incomplete\n',
        "    enter activate\n",
        CONTRACT,
    ),
    Planted(
        "something else being live is overwritten",
        f"{AGENT}/activate.sh",
        'case " $release $from" in *" $current "*) ;; *) end drift "$current" ;; esac',
        ":",
        CONTRACT,
    ),
    Planted(
        "a retry does again what was done",
        f"{AGENT}/turn.sh",
        '[ "$number $a_state" = "$a_number answered" ] || return 0',
        "return 0",
        CONTRACT,
    ),
    Planted(
        "a straggler is obeyed",
        f"{AGENT}/turn.sh",
        '    [ "$number" -ge "$a_number" ] || end fenced "a later command came first"\n',
        "",
        CONTRACT,
    ),
    Planted(
        "the link lands inside the live release",
        f"{AGENT}/activate.sh",
        'mv -fT "$root/.current.new" "$root/current"',
        'mv -f "$root/.current.new" "$root/current"',
        CONTRACT,
    ),
    Planted(
        "clean-up forgets what is live",
        f"{AGENT}/finish.sh",
        'case " $current $previous $i_from $i_to " in',
        'case " $previous $i_from " in',
        CONTRACT,
    ),
    Planted(
        "clean-up forgets what an intent names",
        f"{AGENT}/finish.sh",
        'case " $current $previous $i_from $i_to " in',
        'case " $current $previous " in',
        (*ON_HOST, "pruning"),
    ),
    Planted(
        "the journal is not written",
        f"{AGENT}/finish.sh",
        "    if keep_journal; then\n",
        "    if true; then\n",
        CONTRACT,
    ),
    Planted(
        "nothing is noted before the switch",
        f"{AGENT}/activate.sh",
        '    put "$@" || cant_write "$state/intent"\n',
        "",
        (*ON_HOST, "pruning"),
    ),
    Planted(
        "an intent is recorded after its effect",
        "rollback/operation/walk.py",
        """        ports.journal.record(*_withdrawn(step, plan, so_far, ports), Intended(step))
        so_far.attempted.append(step)
        ports.tell(Began(step, plan.lasts(step.phase)))
        ahead = _switched_by(every[place - begun + 1 :]) - so_far.lacking
        findings = _perform(step, plan, ahead, policy, ports)
""",
        """        so_far.attempted.append(step)
        ports.tell(Began(step, plan.lasts(step.phase)))
        ahead = _switched_by(every[place - begun + 1 :]) - so_far.lacking
        findings = _perform(step, plan, ahead, policy, ports)
        ports.journal.record(*_withdrawn(step, plan, so_far, ports), Intended(step))
""",
        HISTORIES,
    ),
    Planted(
        "an unknown answer is taken for success",
        "rollback/operation/walk.py",
        "return all(f.result is Result.PASS for f in so_far.findings)",
        "return not any(f.result is Result.FAIL for f in so_far.findings)",
        OUTCOME,
    ),
    Planted(
        "a host whose switch is unknown is not taken back",
        "rollback/operation/walk.py",
        "untouched = {f.host for f in findings if f.result is Result.SKIPPED}",
        "untouched = {f.host for f in findings if f.result in {Result.SKIPPED, Result.ERROR}}",
        OUTCOME,
    ),
    Planted(
        "an operator who was pre-empted goes on",
        "rollback/operation/walk.py",
        "        raise Fenced(ports.fleet.taken_away)\n",
        "        return\n",
        OUTCOME,
    ),
    Planted(
        "an operator who was pre-empted still sends commands",
        "rollback/hosts/lease.py",
        "return None if self.taken_away else self.last_turn(host)",
        "return self.last_turn(host)",
        FLEET,
    ),
    Planted(
        "some leases are as good as all",
        "rollback/hosts/lease.py",
        "        if held:\n",
        "        if len(held) == len(taken):\n",
        FLEET,
    ),
    Planted(
        "leases are kept when another one is held",
        "rollback/hosts/lease.py",
        "            self.give_back(tuple(one.sighting.host for one in taken if one.maybe or one.token is not None))\n",
        "",
        FLEET,
    ),
    Planted(
        "a refusal after a lost answer says that nothing was done",
        "rollback/hosts/findings.py",
        "answer.status not in REFUSALS or answer.uncertain or",
        "answer.status not in REFUSALS or",
        FLEET,
    ),
    Planted(
        "what may not be repeated is asked again",
        "rollback/hosts/pool.py",
        "if not request.repeatable or given_up != self._given_up:",
        "if given_up != self._given_up:",
        FLEET,
    ),
    Planted(
        "the target is chosen by what one host has",
        "rollback/core/fallback.py",
        "lacking = [s.host for s in sightings if s.reachable and standing.release not in s.releases]",
        "lacking = [s.host for s in sightings[:1] if s.reachable and standing.release not in s.releases]",
        ("tests/core/test_plan.py",),
    ),
    Planted(
        "a fallback may be quarantined",
        "rollback/core/history.py",
        "return self.grade is Grade.GOOD and not self.withdrawn",
        "return not self.withdrawn",
        ("tests/core",),
    ),
    Planted(
        "what a person rolled back from is gone back to",
        "rollback/core/history.py",
        "return self.grade is Grade.GOOD and not self.withdrawn",
        "return self.grade is Grade.GOOD",
        ("tests/core",),
    ),
    Planted(
        "an unknown verdict takes a good one back",
        "rollback/core/history.py",
        "case Judged(release, verdict) if verdict.grade is not Grade.UNKNOWN or release.commit not in found:",
        "case Judged(release, verdict):",
        ("tests/core/test_history.py",),
    ),
    Planted(
        "clean-up deletes the known good",
        "rollback/core/history.py",
        '    yield "known good", good[:2]\n',
        "",
        ("tests/core/test_history.py",),
    ),
    Planted(
        "recovery skips a host that it touched",
        "rollback/core/plan.py",
        "tried = {host for step in attempted if step.phase is Phase.ACTIVATE for host in step.hosts}",
        "tried = {host for step in attempted if step.phase is Phase.VERIFY for host in step.hosts}",
        OUTCOME,
    ),
    Planted(
        "a way back stops at the first host that fails",
        "rollback/operation/outcome.py",
        "walk(recovery(plan, forward.attempted), plan, back, policy, ports, past_failures=True)",
        "walk(recovery(plan, forward.attempted), plan, back, policy, ports, past_failures=False)",
        OUTCOME,
    ),
    Planted(
        "what a switch did is assumed and not read again",
        "rollback/operation/outcome.py",
        "    away, seen = _seen(touched(plan, forward.attempted), ports)\n",
        "    away, seen = (), {host: plan.target.id for host in touched(plan, forward.attempted)}\n",
        HISTORIES,
    ),
    Planted(
        "an operation that was killed left nothing",
        "rollback/core/left.py",
        "        if end is None or end.outcome in _UNSETTLED or",
        "        if end is not None and end.outcome in _UNSETTLED or",
        HISTORIES,
    ),
    Planted(
        "stranded hosts lose the note of what was done to them",
        "rollback/operation/conduct.py",
        "holding = frozenset(hosts if ending.outcome is Outcome.STRANDED else ())",
        "holding = frozenset()",
        OUTCOME,
    ),
    Planted(
        "migrations that were cut off are run again by themselves",
        f"{AGENT}/prepare.sh",
        '[ "$a_operation $a_token $a_number $a_state" != "$operation $token $number running" ] ||',
        "true ||",
        (*ON_HOST, "migration_that_was_cut_off and dash"),
    ),
    Planted(
        "a bad release is rolled back across an irreversible migration",
        "rollback/core/plan.py",
        "if not hosts or plan.fallback is None or plan.barrier:",
        "if not hosts or plan.fallback is None:",
        OUTCOME,
    ),
    Planted(
        "a host goes back across an irreversible migration by itself",
        "rollback/operation/walk.py",
        " or not _is_new(step, plan) or plan.barrier:",
        " or not _is_new(step, plan):",
        OUTCOME,
    ),
    Planted(
        "a frozen environment is deployed to",
        "rollback/core/plan.py",
        "    not_frozen(known.freeze)\n",
        "",
        ("tests/core/test_freeze.py",),
    ),
)
