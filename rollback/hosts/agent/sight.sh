# shellcheck shell=sh
# What a host shows of itself.

verb_sight() {
    [ -d "$root" ] || end noroot
    [ ! -d "$state" ] || { [ -r "$state" ] && [ -x "$state" ]; } || end notours
    sighting
    end ok
}

sighting() {
    [ -n "$current" ] || read_current
    read_lease
    read_intent
    read_previous
    say "live $current"
    say "previous $previous"
    say_lease
    [ -z "$i_operation" ] || say "intent $i_operation $i_token $i_from $i_to $i_state"
    say_releases
    say "free $(stat -f -c '%a %S %d' "$root" 2>/dev/null)"
    say_journals
    say_part
}

# Of a package whose upload was cut off.
say_part() {
    for path in "$state"/incoming/*.part; do
        name=${path##*/}
        name=${name%.part}
        [ ! -f "$path" ] || ! is_hex "$name" || say "part $name $(wc -c <"$path")"
    done
}

say_releases() {
    for path in "$root"/releases/*; do
        name=${path##*/}
        if ! is_folder "$path" || ! is_id "$name"; then continue; fi
        if read_header "$name"; then say "release $name $h_tag $h_commit $h_tree"; else say "partial $name"; fi
    done
}

# The newest 200: their names sort by time.
say_journals() {
    set -- "$state"/journal/*.jsonl
    [ -f "$1" ] || return 0
    [ $# -le 200 ] || shift $(($# - 200))
    lines=$(stat -c '%s %n' "$@" 2>/dev/null)
    while read -r bytes path; do
        name=${path##*/}
        name=${name%.jsonl}
        ! is_id "$name" || say "journal $name $bytes"
    done <<END
$lines
END
}
