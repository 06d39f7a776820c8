# shellcheck shell=sh
# What is kept in `.rollback`, read and locked. State files may be torn.

open_state() {
    [ -d "$root" ] || end noroot
    [ ! -L "$state" ] || end notwritable "$state is a link"
    [ -d "$state" ] || mkdir "$state" 2>/dev/null || [ -d "$state" ] || cant_write "$root"
}

# First by a command that may fail: a failed redirection of `exec` ends the shell. A pipe would wait for a reader.
require_lock() {
    [ -f "$1" ] || [ ! -e "$1" ] || cant_write "$1"
    true 2>/dev/null >>"$1" || cant_write "$1"
}

lock() {
    require_lock "$state/mutex"
    take_mutex || end busy "its state is locked by another process"
}

# Every program that is started costs more than all that the shell does between two: so none is started to unlock.
take_mutex() { [ -n "$locked" ] || { exec 9>>"$state/mutex" && flock -w 10 9 && locked=yes; }; }

unlock() { locked='' && exec 9>&-; }

read_intent() {
    i_operation='' i_token=0 i_from=- i_to=- i_state=''
    [ ! -f "$state/intent" ] || read -r i_operation i_token i_from i_to i_state <"$state/intent"
    is_token "$i_token" || i_token=0
    case $i_state in prepared | switched | reverted) ;; *) i_operation='' ;; esac
    is_id "$i_operation" && is_id "$i_from" && is_id "$i_to" || i_operation='' i_from=- i_to=-
} 2>/dev/null

read_previous() {
    previous=-
    [ ! -f "$state/previous" ] || read -r previous <"$state/previous"
    is_id "$previous" || previous=-
} 2>/dev/null

# Succeeds for a complete release that is still there; h_tag h_commit h_tree are what it was made from.
read_header() {
    h_tag='' h_commit='' h_tree=''
    is_folder "$root/releases/$1" && [ -f "$state/complete/$1" ] && read -r h_tag h_commit h_tree <"$state/complete/$1"
} 2>/dev/null

# What `current` points to; `-` when there is none yet.
read_current() {
    current=-
    if [ -L "$root/current" ]; then
        current=$(readlink "$root/current")
        case $current in releases/*) current=${current#releases/} ;; *) end badlink ;; esac
        is_id "$current" || end badlink
    elif [ -e "$root/current" ]; then
        end notalink
    fi
}
