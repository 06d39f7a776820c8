# shellcheck shell=sh
# The dead-operator switch: what a host does by itself after a switch that nobody confirms. Sent only
# with an activation that asks for it.
#
# Every verb of the operation, and every renewal of its lease, touches `heard`. A watcher that was left behind in the
# background waits for the next touch; after `confirm` seconds without one it takes the lease away from the operation, so
# that an operator who is only late is fenced, and puts back what was live before. `finish` removes `heard`.

# Before the switch, so that no kill leaves a host switched and without it. It must keep neither our channel nor our locks
# open; by `exec`, as some shells keep what is redirected for one command only.
leave_watcher() {
    touch "$state/heard" 2>/dev/null || cant_write "$state/heard"
    (
        exec </dev/null >/dev/null 2>&1 8>&- 9>&-
        watch_over "$@"
    ) &
}

# Only the time that it is awake counts: who was suspended together with the whole machine has not kept silent.
watch_over() {
    # Ignored, for the sake of the sleep; `perform` undoes it.
    trap '' HUP
    recording='' locked='' silent=0 heard=''
    nap=$((confirm / 20 + 1))
    [ "$nap" -lt 5 ] || nap=5
    while sleep "$nap" && is_watched; do
        sign=$(stat -c %y "$state/heard")
        silent=$((silent + nap))
        [ "$sign" = "$heard" ] || silent=0
        heard=$sign
        [ "$silent" -lt "$confirm" ] || revert "$@"
    done
}

# Until it is confirmed, or somebody does something else.
is_watched() {
    [ -e "$state/heard" ] || return 1
    read_lease
    read_intent
    is_ours && [ "$i_operation $i_token $i_to" = "$operation $token $release" ] && [ "$i_state" != reverted ]
}

# A verb that runs is a sign of life, too: it holds `busy`.
revert() {
    exec 8>>"$state/busy"
    ! flock -n 8 || ! take_mutex || ! is_watched || [ "$(stat -c %y "$state/heard")" != "$heard" ] || go_back "$@"
    exec 8>&-
    unlock
}

# As a rollback does. When its first step is done, whoever is late is fenced; what it was about to do is noted before.
go_back() {
    read_current
    if [ "$current" != "$release" ] || [ "$i_from" = "$release" ] || ! read_header "$i_from"; then exit 0; fi
    least=0
    new_token
    fail_here revert:token
    rm -f "$state/answer"
    write_lease "$now" reverted
    fail_here revert:fenced
    unlock
    [ -z "$drain" ] || execute drain "$root/current" "$drain" "$@"
    lock
    read_lease
    read_current
    if ! is_ours || [ "$current" != "$release" ]; then exit 0; fi
    point_to "$i_from"
    fail_here revert:moved
    jot previous "$release"
    put "$state/intent" "$operation $i_token $i_from $release reverted" "$root"
    fail_here revert:noted
    note_reverted
    fail_here revert:journal
    unlock
    set -- "$@" "env=ROLLBACK_RELEASE=$i_from" "env=ROLLBACK_COMMIT=$h_commit" "env=ROLLBACK_TAG=$(decoded "$h_tag")"
    [ -z "$restart" ] || execute restart "$root/current" "$restart" "$@"
    fail_here revert:restarted
    [ -z "$undrain" ] || execute undrain "$root/current" "$undrain" "$@"
}

# The record came ready made; only its time stands open.
note_reverted() {
    mkdir -p "$state/journal"
    {
        [ ! -f "$state/journal/$operation.jsonl" ] || cat "$state/journal/$operation.jsonl"
        printf '%s\n' "${record%%@at@*}$(date -u +%Y-%m-%dT%H:%M:%S+00:00)${record#*@at@}"
    } >"$state/journal.new" && sync "$state/journal.new" &&
        mv -f "$state/journal.new" "$state/journal/$operation.jsonl" && sync "$state/journal"
} 2>/dev/null
