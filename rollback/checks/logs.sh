# shellcheck shell=sh
# What a log on this host says since the last switch. It is counted here: only counts and a few lines travel.
#
# Called with: file|journal PLACE, INODE SIZE SUM REAL as they were before the switch (logs_end.sh), FLAGS PATTERN of the
# lines that count, FLAGS PATTERN of the lines
# that they are a share of, and the program that finds exceptions; "" where nothing is asked. Answers with a key and its
# text in each line, the last one `end`. Needs coreutils, grep, awk.
set -u
LC_ALL=C
export LC_ALL
limit=8388608 # bytes that are looked at, after the switch and before it
source=$1 place=$2
shift 2
inode=$1 size=$2 sum=$3 real=$4
shift 4
flags=$1 pattern=$2 total_flags=$3 total=$4 program=$5

main() {
    scratch=$(mktemp -d) || trouble "no temporary folder"
    trap 'rm -rf "$scratch"' EXIT
    trap 'exit 3' HUP INT TERM
    cd "$ROLLBACK_ROOT" || exit 3
    : >"$scratch/before"
    : >"$scratch/since"
    "since_in_$source" || trouble "it could not be read"
    for part in before since; do
        tr -d '\000\001' <"$scratch/$part" >"$scratch/$part.text" || trouble "no room for what is read"
    done
    exceptions
    matching
    say end
}

say() { printf '%s\n' "$*"; }

trouble() {
    printf '%s\n' "$*" >&2
    exit 3
}

# Files

# Read through one open file: a log may be renamed at any moment.
since_in_file() {
    if [ ! -e "$place" ]; then
        say absent
        exit 0
    fi
    [ -f "$place" ] || trouble "it is no file"
    exec 3<"$place"
    log=/proc/self/fd/3
    now=$(stat -L -c '%i %s' "$log") || return 1
    if [ "${now% *}" = "$inode" ] && goes_on "$log" "${now#* }"; then
        before "$log" && slice "$log" "$size" "${now#* }" since
        return
    fi
    rest_of_the_old || return 1
    slice "$log" 0 "${now#* }" since
}

# FILE SIZE: what stood before the switch stands there still. One that was truncated may be as long again by now.
goes_on() {
    [ "$2" -ge "$size" ] || return 1
    from=$((size > 256 ? size - 256 : 0))
    [ "$(tail -c "+$((from + 1))" "$1" | head -c "$((size - from))" | cksum)" = "$sum" ]
}

# Under whatever name it was put away. Where there was none before the switch, nothing is missing.
rest_of_the_old() {
    if [ "$inode" = 0 ]; then
        before /dev/null
        return
    fi
    for one in "$real" "$real"[.-]*; do
        old=$(stat -L -c '%i %s' "$one" 2>/dev/null) || continue
        if [ "${old% *}" = "$inode" ] && goes_on "$one" "${old#* }"; then
            before "$one" && slice "$one" "$size" "${old#* }" since
            return
        fi
    done
    say lost
}

# FILE FROM END PART: those bytes, or the last ones of them, are added to the part. Less than those is no answer.
slice() {
    from=$2
    if [ "$(($3 - from))" -gt "$limit" ]; then
        from=$(($3 - limit))
        [ "$4" = before ] || say cut
    fi
    tail -c "+$((from + 1))" "$1" | head -c "$(($3 - from))" >"$scratch/slice"
    [ "$(wc -c <"$scratch/slice")" -eq "$(($3 - from))" ] && cat "$scratch/slice" >>"$scratch/$4"
}

# FILE: the log as it was before the switch. What was put away just before that belongs to it: in a log that has only
# begun, everything would be new.
before() {
    [ -n "$program" ] || return 0
    earlier='' newest=0
    for other in "$real"[.-]*; do
        case $other in *.gz | *.xz | *.bz2 | *.zst) continue ;; esac
        found=$(stat -L -c '%i %Y' "$other" 2>/dev/null) || continue
        if [ "${found% *}" != "$inode" ] && [ "${found#* }" -ge "$newest" ]; then
            earlier=$other newest=${found#* }
        fi
    done
    [ -z "$earlier" ] || tail -c "$limit" "$earlier" >"$scratch/before" || return 1
    slice "$1" 0 "$size" before
}

# The journal

since_in_journal() {
    switched=$(stat -c %.6Y current) || return 1
    case $switched in *[!0-9.]*) switched=$(stat -c %Y current) ;; esac
    journal --since="@$switched" >"$scratch/since" || return 1
    [ "$(wc -c <"$scratch/since")" -lt "$limit" ] || say cut
    lines=1
    [ -z "$program" ] || lines=20000
    journal --until="@$switched" --lines="$lines" >"$scratch/before" || return 1
    [ -s "$scratch/since" ] || [ -s "$scratch/before" ] || say absent
}

journal() {
    { journalctl --quiet --no-pager --all --output=cat --unit="$place" "$@" || : >"$scratch/failed"; } | tail -c "$limit"
    [ ! -e "$scratch/failed" ]
}

# What is asked

exceptions() {
    [ -n "$program" ] || return 0
    { cat "$scratch/before.text" && printf '\n\001\n' && cat "$scratch/since.text"; } |
        awk "$program" >"$scratch/new" || trouble "awk could not look for exceptions"
    say "new $(wc -l <"$scratch/new")"
    sort -rn "$scratch/new" | head -n 10 | awk -F '\001' '{ print "exception " $1 " " $2; print "sample " $3 }'
}

matching() {
    if [ -n "$pattern" ]; then
        count=$(counted "$flags" "$pattern") || exit 3
        grep "-$flags" -e "$pattern" <"$scratch/since.text" | tail -n 5 | cut -b -1500 | sed 's/^/line /'
        say "count $count"
    fi
    if [ -n "$total" ]; then
        count=$(counted "$total_flags" "$total") || exit 3
        say "total $count"
    fi
}

# FLAGS PATTERN. A grep without word boundaries would find nothing, and say nothing of it.
counted() {
    case $2 in *'\b'*) printf 'a b\n' | grep -qE 'a\b' || trouble "this host's grep does not know \\b" ;; esac
    grep "-c$1" -e "$2" <"$scratch/since.text"
    [ "$?" -le 1 ] || trouble "this host's grep does not take the pattern $2"
}

main
