# shellcheck shell=sh
# What others ask for: journals, a whole release, and which processes run where.

verb_journals() {
    [ -d "$root" ] || end noroot
    for word; do
        case $word in
        id=*)
            path=$state/journal/${word#id=}.jsonl
            [ ! -f "$path" ] || sed "s/^/rollback\/1 line ${word#id=} /" "$path"
            ;;
        esac
    done
    # Closes a last line that was cut off.
    printf '\n'
    end ok
}

# A complete release for a host that lacks it, as one archive between the lines: its folder, and what was sealed of it,
# so that whoever unpacks it can tell whether it is still intact.
verb_fetch() {
    require release
    read_header "$release" || end incomplete
    printf 'rollback/1 stream\n'
    status=0
    {
        errors=$(tar -czf - -C "$root" ".rollback/complete/$release" "releases/$release" 2>&1 >&3) || status=$?
    } 3>&1
    printf '\nrollback/1 streamed\n'
    [ "$status" -eq 0 ] || end failed "it could not be packed: $(one_line "$errors")"
    end ok
}

# Processes that live in some release's folder: by where they stand, what they execute, what they have mapped.
verb_running() {
    require release
    place=$(cd -P "$root" 2>/dev/null && pwd -P) || end noroot
    found=$(where_processes_live | sort -u)
    own=0
    while read -r pid path; do
        case $path in
        '') continue ;;
        "releases/$release" | "releases/$release/"*)
            [ "$pid" = "${counted:-}" ] || own=$((own + 1))
            counted=$pid
            ;;
        *)
            name='?'
            read -r name 2>/dev/null <"/proc/$pid/comm" || continue
            say "stray $pid $path $name"
            ;;
        esac
    done <<END
$found
END
    say "own $own"
    end ok
}

# PID and the release's folder, below the root.
where_processes_live() {
    pattern=$(printf %s "$place" | sed 's/[][\.*^$]/\\&/g')
    {
        find /proc -mindepth 2 -maxdepth 2 -path '/proc/[0-9]*' \( -name cwd -o -name exe \) -exec ls -l {} + |
            sed -n "s|.* /proc/\([0-9]*\)/[a-z]* -> $pattern/|\1 |p"
        grep -s -o -- " $pattern/releases/.*" /proc/[0-9]*/maps | sed -n "s|^/proc/\([0-9]*\)/maps: $pattern/|\1 |p"
    } 2>/dev/null | sed -n 's|^\([0-9]* releases/[^/ ]*\).*|\1|p; s|^\([0-9]*\) \(\.rollback/trash/[^/ ]*\).*|\1 \2|p'
}
