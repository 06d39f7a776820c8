# shellcheck shell=sh
# Files: whole or not at all, also on a disk that is full.

# What is the app's: whoever serves it must be able to read it.
openly() (
    umask 022
    "$@"
)

is_folder() { [ -d "$1" ] && [ ! -L "$1" ]; }

# Or nothing yet.
is_plain() { [ ! -L "$1" ] && { [ -f "$1" ] || [ ! -e "$1" ]; }; }

# PATH TEXT FOLDER…: whole or not at all, and durable, and so is before it what was done in those folders. When the disk
# is full the ballast is thrown off first.
put() {
    put_once "$@" || { throw_off && put_once "$@"; }
}

# Not in a pipeline: a subshell would outlive a kill of this shell.
put_once() {
    put_path=$1 put_text=$2
    shift 2
    printf '%s\n' "$put_text" >"$put_path.new" && sync "$put_path.new" "$@" && fail_here "put:${put_path##*/}" &&
        settle "$put_path" && sync "${put_path%/*}"
} 2>/dev/null

# NAME TEXT [NAME TEXT]: state files, each whole or not at all, the first before the second; may be lost with the power.
# They get their names from one program: starting one costs more than all that the shell does.
jot() {
    jot_once "$@" || { throw_off && jot_once "$@"; }
}

jot_once() {
    write_next "$1" "$2" || return 1
    if [ $# -eq 2 ]; then mv -f -t "$state" "$state/next/$1"; return; fi
    write_next "$3" "$4" && mv -f -t "$state" "$state/next/$1" "$state/next/$3"
} 2>/dev/null

# Whatever stands in its way was put there by nobody who is needed.
write_next() {
    is_folder "$state/next" || { rm -rf "$state/next" && mkdir "$state/next"; } || return 1
    ! is_folder "$state/$1" || rm -rf "${state:?}/$1"
    is_plain "$state/next/$1" || rm -rf "$state/next/$1"
    printf '%s\n' "$2" >"$state/next/$1"
}

# A folder in its place would swallow it.
settle() { { ! is_folder "$1" || rm -rf "$1"; } && mv -fT "$1.new" "$1"; }

throw_off() { rm -f "$state"/ballast/*; }

load_ballast() {
    [ -d "$state/ballast" ] || mkdir "$state/ballast" || return 0
    for one in 1 2 3 4; do
        [ -s "$state/ballast/$one" ] || head -c 65536 /dev/zero >"$state/ballast/$one"
    done
} 2>/dev/null

is_full() {
    printf '%04096d' 0 >"$state/probe" && rm -f "$state/probe" && return 1
    rm -f "$state/probe"
} 2>/dev/null

cant_write() {
    if [ -w "$state" ] && is_full; then end full; fi
    end notwritable "$*"
}

make_room_for() {
    printf '%04096d' 0 2>/dev/null >"$state/$1" || throw_off
    true 2>/dev/null >"$state/$1" || cant_write "$state/$1"
}

clear_away() {
    [ -e "$1" ] || [ -L "$1" ] || return 0
    chmod -R u+w "$1" 2>/dev/null
    rm -rf "$1"
}

# Renamed first: what is half deleted must not be found under its name. A folder must be writable to be moved.
discard() {
    mkdir -p "$state/trash" || return 1
    chmod u+w "$1" 2>/dev/null
    mv -fT "$1" "$state/trash/${1##*/}.$$"
}
