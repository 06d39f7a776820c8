# shellcheck shell=sh
# The end of an operation, its journal, and what is thrown away.

verb_finish() {
    require operation token
    stop_preparing "$operation $token"
    enter finish
    clear_leftovers
    if keep_journal; then
        read_intent
        [ "$i_operation" != "$operation" ] || [ -n "$keep" ] || rm -f "$state/intent"
        written=yes
    fi
    fail_here finish
    # A stranded lease names its operation, and whoever comes to help may take it at once.
    if [ -n "$keep" ]; then write_lease "$now" stranded; else rm -f "$state/lease"; fi
    sync "$state"
    [ -n "${written:-}" ] || end full "the journal could not be written"
    load_ballast
    end ok
}

# What was cut off halfway, or never became complete: it would fill the disk, and nobody would ever ask for it.
clear_leftovers() {
    for path in "$state"/staged/*; do
        name=${path##*/}
        if ! is_id "$name" || [ ! -f "$path" ] || [ "$(readlink "$root/current")" = "releases/$name" ]; then continue; fi
        if ! read_header "$name" && is_folder "$root/releases/$name"; then discard "$root/releases/$name"; fi
        rm -f "$path"
    done
    for path in incoming trash sealing output heard; do clear_away "$state/$path"; done
} 2>/dev/null

# An operation that was refused before it began has none.
keep_journal() { [ -z "$journal" ] || { write_journal && sync "$state/journal"; }; }

write_journal() {
    [ -d "$state/journal" ] || mkdir "$state/journal"
    write_journal_once || { throw_off && write_journal_once; } || { rm -f "$state/journal.new" && return 1; }
} 2>/dev/null

write_journal_once() {
    printf '%s\n' "$journal" >"$state/journal.new" && sync "$state/journal.new" && fail_here "$verb:journal" &&
        mv -f "$state/journal.new" "$state/journal/$operation.jsonl"
}

verb_note() {
    require operation
    open_state
    lock
    keep_journal || end failed "the journal could not be written"
    end ok
}

verb_prune() {
    enter prune
    read_current
    read_intent
    read_previous
    for word; do
        case $word in id=*) prune_one "${word#id=}" ;; esac
    done
    unlock
    clear_away "$state/trash"
    end ok
}

# Whatever was asked: what is live, was live, or is to be, stays.
prune_one() {
    case " $current $previous $i_from $i_to " in
    *" $1 "*)
        say "kept $1"
        return 0
        ;;
    esac
    rm -f "$state/complete/$1" "$state/staged/$1"
    fail_here prune
    if is_folder "$root/releases/$1"; then
        discard "$root/releases/$1" 2>/dev/null || cant_write "$root/releases/$1"
    fi
    say "pruned $1"
}
