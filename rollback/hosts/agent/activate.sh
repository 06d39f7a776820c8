# shellcheck shell=sh
# The switch, and what goes before and after it.

verb_activate() {
    require release seconds must
    enter activate
    read_header "$release" || end incomplete
    read_current
    expect_current
    # A full disk must not stop a way back.
    [ -z "$journal" ] || write_journal || say unjournalled
    intend
    [ -z "$confirm" ] || [ -z "$record" ] || leave_watcher "$@"
    [ -z "$drain" ] || [ "$current" = - ] || drain_host "$@"
    switch
    unlock
    if [ -n "$restart" ]; then
        execute restart "$root/current" "$restart" "$@"
        fail_here restarted
        [ "$status" -eq 0 ] || end failed "restart: $(outcome "$restart")"
    fi
    end ok
}

expect_current() {
    case " $release $from" in *" $current "*) ;; *) end drift "$current" ;; esac
}

# Before the effect. A retry after a kill between the switch and its note keeps where it came from.
intend() {
    read_intent
    origin=$current
    [ "$i_operation $i_token $i_to" != "$operation $token $release" ] || [ "$current" != "$release" ] || origin=$i_from
    set -- "$state/intent" "$operation $token $origin $release prepared"
    [ ! -d "$state/journal" ] || set -- "$@" "$state/journal"
    put "$@" || cant_write "$state/intent"
    fail_here intent
}

# It may take its time, in which others come and go.
drain_host() {
    unlock
    execute drain "$root/current" "$drain" "$@"
    say did drain
    fail_here drained
    [ "$status" -eq 0 ] || [ "$must" != drain ] || end failed "drain: $(outcome "$drain")"
    lock
    prove
    read_current
    expect_current
}

switch() {
    [ "$current" = "$release" ] || point_to "$release"
    say did switch
    [ "$origin" = - ] || [ "$origin" = "$release" ] || jot previous "$origin"
    put "$state/intent" "$operation $token $origin $release switched" "$root" || end failed "switched, but that could not be noted"
    fail_here switched
}

# -T: without it the link would land inside the live release.
point_to() {
    if [ -L "$root/.current.new" ] || [ -e "$root/.current.new" ]; then rm -f "$root/.current.new"; fi
    ln -s "releases/$1" "$root/.current.new" 2>/dev/null ||
        { throw_off && ln -s "releases/$1" "$root/.current.new"; } || cant_write "$root/current"
    fail_here link
    mv -fT "$root/.current.new" "$root/current" || cant_write "$root/current"
    fail_here moved
}

verb_undrain() {
    require seconds undrain
    enter undrain
    unlock
    execute undrain "$root/current" "$undrain" "$@"
    [ "$status" -eq 0 ] || end failed "undrain: $(outcome "$undrain")"
    end ok
}
