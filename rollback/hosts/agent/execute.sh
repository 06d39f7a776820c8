# shellcheck shell=sh
# The playbook's commands.

# PHASE FOLDER COMMAND WORDS…: its exit status in $status. Its output goes to a file: a daemon that it starts would keep
# our channel open for ever. Nor must a daemon inherit our locks.
execute() {
    run_phase=$1 run_folder=$2 run_text=$3 status=0
    shift 3
    make_room_for output
    perform "$@" >"$state/output" 2>&1 </dev/null 8>&- 9>&- || status=$?
    [ ! -e "$state/preparing" ] || rm -f "$state/preparing"
    say "ran $run_phase $status"
    say_lines out "$state/output"
    rm -f "$state/output"
}

perform() (
    trap - HUP PIPE
    # shellcheck disable=SC2030
    if [ -n "$locale_set" ]; then LC_ALL=$locale; else unset LC_ALL; fi
    for word; do
        case $word in env=*) word=${word#env=} && export "${word%%=*}=${word#*=}" ;; esac
    done
    cd "$run_folder" || exit 126
    [ "$verb" != prepare ] || note_preparing
    umask 022
    exec timeout -k 5 "$seconds" /bin/sh -c "$run_text"
)

# By the shell that becomes `timeout`, which ends the whole command when it is told to end.
note_preparing() { read -r self _ </proc/self/stat && printf '%s\n' "$operation $token $self" >"$state/preparing"; } 2>/dev/null

# OPERATION TOKEN: nobody wants any more what it prepares. Only while that still runs.
stop_preparing() {
    [ -f "$state/preparing" ] && ! flock -n "$state/busy" true || return 0
    read -r p_operation p_token p_self <"$state/preparing"
    [ "$p_operation $p_token" != "$1" ] || ! is_number "$p_self" || kill "$p_self"
} 2>/dev/null

outcome() {
    what=$(one_line "$1")
    case $status in
    124 | 137) printf 'took longer than %s s: %s' "$seconds" "$what" ;;
    *) printf 'exit status %s: %s' "$status" "$what" ;;
    esac
}

one_line() { printf %s "$1" | tr -s '[:cntrl:][:space:]' ' ' | head -c 200; }

# A check's question: it holds no lease and leaves nothing behind, so it must not write into the state folder.
verb_command() {
    require seconds text
    [ -d "$root/current" ] || end nothing
    scratch=$(mktemp -d) || end notwritable "its temporary folder"
    run_folder=$root/current run_text=$text status=0
    perform "$@" >"$scratch/out" 2>"$scratch/err" </dev/null || status=$?
    say "ran command $status"
    say_lines out "$scratch/out"
    say_lines err "$scratch/err"
    rm -rf "$scratch"
    [ "$status" -ne 124 ] || end late
    end ok
}
