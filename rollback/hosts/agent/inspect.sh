# shellcheck shell=sh
# Ready to be deployed to and to be rolled back? Facts only: what they mean is judged by who asks.

# Ready to be deployed to and to be rolled back? Facts only: what they mean is judged by who asks.
verb_inspect() {
    [ -d "$root" ] || end noroot
    read -r began _ </proc/uptime
    say "clock $(date +%s)"
    # The app goes first.
    renice -n 10 -p $$ >/dev/null 2>&1
    for tool in flock timeout stat readlink mktemp sync date head tail tr sed wc cat \
        sha256sum sort comm join tar gzip grep find xargs od cp touch; do
        command -v "$tool" >/dev/null 2>&1 || say "lacks $tool"
    done
    for path in "$root" "$root/releases" "$state"; do
        [ ! -e "$path" ] || [ -w "$path" ] || say "unwritable $path"
    done
    read_current
    say "free $(stat -f -c '%a %S %d' "$root" 2>/dev/null)"
    [ "$current" = - ] || measure "$root/releases/$current"
    for word; do
        case $word in
        file=*) [ -f "$root/shared/${word#file=}" ] || say "missing ${word#file=}" ;;
        sudo=*) said=$said$(inspect_right "${word#sudo=}")$nl ;;
        release=*) inspect_release "${word#release=}" ;;
        esac
    done
    case " $*" in *" sudo="*) say_grants ;; esac
    read -r ended _ </proc/uptime
    say "worked $began $ended"
    end ok
}

# What it takes there: the manifest does not know what `prepare` made.
measure() {
    kibibytes=$(du -sk "$1" 2>/dev/null)
    say "tree ${kibibytes%%"$tab"*} $(find "$1" 2>/dev/null | wc -l)"
}

# May we do exactly that? For the words with tabs between them. -k: not because somebody gave a password just now.
inspect_right() {
    if ! command -v sudo >/dev/null 2>&1; then
        echo "rollback/1 right 127 sudo is not installed there"
        return 0
    fi
    cd "$root/current" 2>/dev/null || cd "$root" || return 0
    IFS=$tab
    set -f
    # shellcheck disable=SC2086
    set -- $1
    status=0
    right=$(sudo -n -k -l "$@" 2>&1 </dev/null) || status=$?
    echo "rollback/1 right $status ${right%%"$nl"*}"
}

# Whether without a password stands only there.
say_grants() {
    grants=$(sudo -n -k -l 2>/dev/null </dev/null | head -n 200 | sed 's/^/rollback\/1 grant /')
    said=$said$grants$nl
}

inspect_release() {
    if ! read_header "$1"; then
        say "kept $1 absent"
        return 0
    fi
    if ! scratch=$(mktemp -d 2>/dev/null); then
        say "kept $1 unread there is no temporary folder to write to"
        return 0
    fi
    sed 1d "$state/complete/$1" >"$scratch/manifest"
    compare "$root/releases/$1" "$scratch/manifest" "$scratch/check"
    # Counted: on a full disk a file that is empty says nothing.
    listed=$(($(wc -l <"$state/complete/$1") - 1))
    good=$(wc -l <"$scratch/check.good")
    bad=$(wc -l <"$scratch/check.bad")
    if [ "$good" -eq "$listed" ]; then
        say "kept $1 intact"
    elif [ $((good + bad)) -eq "$listed" ]; then
        say "kept $1 damaged $bad $(sed -n "1s/.*$tab//p" "$scratch/check.bad")"
    else
        say "kept $1 unread its temporary folder has no room"
    fi
    rm -rf "$scratch"
} 2>/dev/null
