# shellcheck shell=sh
# The host's side of the protocol: one verb a call, `rollback_agent VERB KEY=VALUE…`, sent after this text over stdin.
#
# It only defines functions. Text and call are sent as one group `{ … }`: what was cut off anywhere does nothing at all.
# Answers are lines `rollback/1 KEY VALUE…`; the last is `rollback/1 end STATUS DETAIL`. Without it nothing is known.
# Needs: a POSIX shell, coreutils, flock; tar, gzip, sed, grep, find and xargs as every Linux has them.
#
# Two locks. `mutex` (9) is held for moments, while state is read or changed. `busy` (8) is held as long as a verb that
# changes things runs, so that a retry waits for an earlier try that still runs here alone after its connection was lost.
#
# It must not trust what it is given nor what it finds: ids and numbers are checked, state files may be torn.
# Comment lines and indentation are not sent; so no text here goes over several lines, but for a line end itself.

rollback_agent() {
    set -u
    # Handlers, not '': what is ignored would stay ignored in the daemons that a restart starts.
    trap : HUP PIPE
    locale=${LC_ALL-} locale_set=${LC_ALL+yes} LC_ALL=C
    export LC_ALL
    unset CDPATH
    # What is written is for us alone, but for what `openly` makes.
    umask 077
    # A line end and a tab, as they are: a program for each would be started in every call.
    nl='
'
    tab='	'
    said='' recording='' now=0 boot='' from='' current='' root=''
    operation='' token='' number='' ttl='' cover='' seconds='' least='' steal='' holder='' process='' phase='' keep=''
    release='' tag='' commit='' tree='' digest='' manifest='' length='' skip=0 size='' count='' journal=''
    base='' whole='' moment=''
    must='' drain='' undrain='' restart='' text='' confirm='' record='' locked=''
    verb=$1
    shift
    check_words "$@"
    state=$root/.rollback
    case $verb in
    sight | acquire | renew | give_back | stage | prepare | migrate | activate | undrain | finish | prune | journals | note | \
        fetch | command | running | inspect) "verb_$verb" "$@" ;;
    *) end misused "the verb $verb" ;;
    esac
}

# Answers

say() { said="${said}rollback/1 $*$nl"; }

end() {
    say "end $*"
    [ -z "$recording" ] || keep_answer
    printf '%s' "$said"
    exit 0
}

# Told to the output of a command: its last 16 KiB and 200 lines, one line of the protocol for each.
say_lines() {
    lines=$(tail -c 16384 "$2" 2>/dev/null | tail -n 200 | tr -d '\000' | sed "s/^/rollback\/1 $1 /")
    [ -z "$lines" ] || said="$said$lines$nl"
}

# Not `$$`: what was left behind in the background is a process of its own.
fail_here() { [ "${ROLLBACK_FAILPOINT:-}" != "$1" ] || { read -r self _ </proc/self/stat && kill -9 "$self"; }; }

# What is given

is_id() {
    case $1 in '' | .* | *[!A-Za-z0-9._+@=,%-]*) return 1 ;; esac
    [ ${#1} -le 240 ]
}

is_number() {
    case $1 in '' | *[!0-9]* | 0?*) return 1 ;; esac
    [ ${#1} -le 15 ]
}

# Far above any that was ever given, and with room above it: rubbish must not use up all numbers.
is_token() { is_number "$1" && [ ${#1} -le 12 ]; }

is_hex() { case $1 in '' | *[!0-9a-f]*) return 1 ;; esac }

is_name() { case $1 in '' | [0-9]* | *[!A-Za-z0-9_]*) return 1 ;; esac }

# A path below a folder: relative, without `.` and `..`.
is_below() { case /$1/ in // | *//* | */./* | */../*) return 1 ;; esac }

check_words() {
    for word; do
        key=${word%%=*} value=${word#*=} fault=''
        case $key in
        root) case $value in /*) root=${value%/} ;; *) fault=yes ;; esac ;;
        operation) operation=$value && is_id "$value" || fault=yes ;;
        release) release=$value && is_id "$value" || fault=yes ;;
        steal) steal=$value && is_id "$value" || fault=yes ;;
        holder) holder=$value && is_id "$value" || fault=yes ;;
        process) process=$value && is_id "$value" || fault=yes ;;
        phase) phase=$value && is_id "$value" || fault=yes ;;
        tag) tag=$value && is_id "$value" || fault=yes ;;
        base) base=$value && is_id "$value" || fault=yes ;;
        whole) whole=$value && is_hex "$value" || fault=yes ;;
        moment) moment=$value && is_number "$value" || fault=yes ;;
        id) is_id "$value" || fault=yes ;;
        from) [ "$value" = - ] || is_id "$value" || fault=yes
            from="$from $value " ;;
        commit) commit=$value && is_hex "$value" || fault=yes ;;
        tree) tree=$value && is_hex "$value" || fault=yes ;;
        digest) digest=$value && is_hex "$value" || fault=yes ;;
        token) token=$value && is_number "$value" || fault=yes ;;
        number) number=$value && is_number "$value" || fault=yes ;;
        ttl) ttl=$value && is_number "$value" || fault=yes ;;
        cover) cover=$value && is_number "$value" || fault=yes ;;
        seconds) seconds=$value && is_number "$value" || fault=yes ;;
        least) least=$value && is_number "$value" || fault=yes ;;
        manifest) manifest=$value && is_number "$value" || fault=yes ;;
        length) length=$value && is_number "$value" || fault=yes ;;
        skip) skip=$value && is_number "$value" || fault=yes ;;
        size) size=$value && is_number "$value" || fault=yes ;;
        count) count=$value && is_number "$value" || fault=yes ;;
        journal) journal=$value ;;
        confirm) confirm=$value && is_number "$value" || fault=yes ;;
        keep) keep=$value ;;
        must) must=$value ;;
        drain) drain=$value ;;
        undrain) undrain=$value ;;
        restart) restart=$value ;;
        text) text=$value ;;
        record) record=$value ;;
        env) is_name "${value%%=*}" || fault=yes ;;
        dir | file) is_below "$value" || fault=yes ;;
        run | sudo) ;;
        *) fault=yes ;;
        esac
        [ -z "$fault" ] || end misused "$key"
    done
    [ -n "$root" ] || end misused root
}

# What is the app's: whoever serves it must be able to read it.
openly() (
    umask 022
    "$@"
)

is_folder() { [ -d "$1" ] && [ ! -L "$1" ]; }

# The values of the named words must have been given.
require() {
    for name; do
        eval "value=\$$name"
        [ -n "$value" ] || end misused "$name"
    done
}

# State files

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

# Whole or not at all; may be lost with the power.
jot() {
    jot_once "$1" "$2" || { throw_off && jot_once "$1" "$2"; }
}

jot_once() { printf '%s\n' "$2" >"$1.new" && settle "$1"; } 2>/dev/null

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

read_clock() {
    read -r now _ </proc/uptime
    now=${now%%.*}
    read -r boot </proc/sys/kernel/random/boot_id
}

# A lease that can't be read is none: it must not stand in the way of a rollback. Its token still counts.
read_lease() {
    l_operation='' l_token=0 l_boot='' l_expiry=0 l_since=0 l_phase='' l_holder='' l_process=''
    [ ! -f "$state/lease" ] ||
        read -r l_operation l_token l_boot l_expiry l_since l_phase l_holder l_process <"$state/lease"
    is_token "$l_token" || l_token=0
    is_id "$l_operation" && is_id "$l_phase" && is_id "$l_holder" && is_number "$l_expiry" && is_number "$l_since" ||
        l_operation=''
    is_id "$l_process" || l_process=-
    read_clock
} 2>/dev/null

# By this host's own uptime. What claims to last for days is torn.
is_live() {
    [ -n "$l_operation" ] && [ "$l_boot" = "$boot" ] && [ "$now" -lt "$l_expiry" ] && [ "$l_expiry" -le $((now + 172800)) ]
}

# EXPIRY PHASE; since when, whose and which process's it is stays as it was read.
write_lease() { jot_lease "$@" || cant_write "$state/lease"; }
jot_lease() { jot "$state/lease" "$operation $token $boot $1 $l_since $2 $l_holder $l_process"; }

is_ours() { [ "$l_operation $l_token" = "$operation $token" ]; }

# Never shorter than it is; but what it was before a reboot was told by another clock.
extend_lease() {
    hear
    until=$((now + $1))
    [ "$l_boot" != "$boot" ] || [ "$l_expiry" -le "$until" ] || until=$l_expiry
    write_lease "$until" "$2"
}

# A sign of life, for who watches over a switch that is not confirmed yet. It needs no room on the disk.
hear() { [ ! -e "$state/heard" ] || touch -c "$state/heard"; }

say_lease() {
    [ -n "$l_operation" ] || return 0
    age=$now left=0 standing=stale
    [ "$l_boot" != "$boot" ] || [ "$l_since" -gt "$now" ] || age=$((now - l_since))
    if is_live; then standing=live left=$((l_expiry - now)); fi
    say "lease $l_operation $l_token $l_holder $standing $age $left $l_phase $l_process"
}

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

# The right to change something

prove() {
    require_ours
    is_live || end expired
}

require_ours() {
    read_lease
    if ! is_ours; then
        say_lease
        end fenced
    fi
}

# Begins a verb that changes something: alone, with the right to, and only if it was not done already.
# Leaves the mutex held.
enter() {
    require operation token number ttl cover
    open_state
    lock
    answer_again
    prove
    require_lock "$state/busy"
    exec 8>>"$state/busy"
    flock -n 8 || wait_for_earlier
    extend_lease "$cover" "$1"
    jot "$state/answer" "$operation $token $number running"
    recording=$1
    fail_here "enter:$1"
}

wait_for_earlier() {
    unlock
    flock -w "$cover" 8 || end busy "an earlier command still runs"
    lock
    answer_again
    prove
}

# The same number again is a retry whose answer was lost: it gets that answer, also when its lease was given back since.
# A lower one is a straggler.
answer_again() {
    read_answer
    [ "$a_operation $a_token" = "$operation $token" ] || return 0
    [ "$number" -ge "$a_number" ] || end fenced "a later command came first"
    [ "$number $a_state" = "$a_number answered" ] || return 0
    sed 1d "$state/answer"
    exit 0
}

# The last number seen under a lease.
read_answer() {
    a_operation='' a_token='' a_number=0 a_state=''
    [ ! -f "$state/answer" ] || read -r a_operation a_token a_number a_state <"$state/answer"
    is_number "$a_number" || a_operation='' a_number=0
} 2>/dev/null

keep_answer() {
    recording=''
    [ -d "$state" ] && take_mutex || return 0
    read_lease
    jot "$state/answer" "$operation $token $number answered$nl${said%"$nl"}"
    # The lease covered the whole verb; from here on its holder must renew it.
    ! is_ours || [ "$verb" = finish ] || { hear && jot_lease $((now + ttl)) "$l_phase"; }
    unlock
}

# The playbook's commands

# PHASE FOLDER COMMAND WORDS…: its exit status in $status. Its output goes to a file: a daemon that it starts would keep
# our channel open for ever. Nor must a daemon inherit our locks.
run() {
    run_phase=$1 run_folder=$2 run_text=$3 status=0
    shift 3
    make_room_for output
    perform "$@" >"$state/output" 2>&1 </dev/null 8>&- 9>&- || status=$?
    rm -f "$state/preparing"
    say "ran $run_phase $status"
    say_lines out "$state/output"
    rm -f "$state/output"
}

perform() (
    trap - HUP PIPE
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

make_room_for() {
    printf '%04096d' 0 2>/dev/null >"$state/$1" || throw_off
    true 2>/dev/null >"$state/$1" || cant_write "$state/$1"
}

# Manifests

# FOLDER MANIFEST RESULT: sorts into RESULT.good and RESULT.bad the manifest's lines that the folder matches or not.
compare() (
    sort "$2" >"$3.wanted"
    cd "$1" || exit 1
    # Names without a percent sign are safe for xargs as they are.
    sed -n "/^[fd]$tab.*${tab}[^%]*\$/s/.*$tab/.\//p" "$3.wanted" | sort >"$3.names"
    xargs -r stat -c "%n$tab%F$tab%a$tab%s" <"$3.names" 2>/dev/null |
        sed "s/^\.\///; s/${tab}regular empty file$tab/${tab}f$tab/; s/${tab}regular file$tab/${tab}f$tab/; s/${tab}directory$tab/${tab}d$tab/" >"$3.stat"
    # Only regular files are read: a pipe would never end.
    sed -n "s/^\([^$tab]*\)${tab}f$tab.*/.\/\1/p" "$3.stat" | xargs -r sha256sum 2>/dev/null |
        sed "s/^\([0-9a-f]*\) [ *]\.\/\(.*\)/\2$tab\1/" >"$3.sums"
    {
        sort -t "$tab" -k 1,1 "$3.stat" >"$3.stat.sorted"
        sort -t "$tab" -k 1,1 "$3.sums" >"$3.sums.sorted"
        join -t "$tab" "$3.stat.sorted" "$3.sums.sorted" |
            sed "s/^\([^$tab]*\)$tab\(f\)$tab\([^$tab]*\)$tab\([^$tab]*\)$tab\(.*\)/\2$tab\3$tab\4$tab\5$tab\1/"
        sed -n "s/^\([^$tab]*\)${tab}d$tab\([^$tab]*\)$tab.*/d$tab\2$tab-$tab-$tab\1/p" "$3.stat"
        grep -e "^l" -e "%[^$tab]*\$" "$3.wanted" | compare_one_by_one
    } | sort -u >"$3.found"
    comm -12 "$3.wanted" "$3.found" >"$3.good"
    comm -23 "$3.wanted" "$3.found" >"$3.bad"
)

# Links, and names with other bytes than the safe ones: few. Prints the lines that hold.
compare_one_by_one() {
    while IFS=$tab read -r sort mode bytes content name; do
        path=./$(decoded "$name"; printf .)
        path=${path%.}
        found=''
        if [ "$sort" = l ] && [ -L "$path" ]; then
            target=$(decoded "$content"; printf .)
            [ "$(readlink -n "$path"; printf .)" != "$target" ] || found=yes
        elif [ "$sort" = d ] && [ -d "$path" ] && [ ! -L "$path" ]; then
            [ "$(stat -c %a "$path")" != "$mode" ] || found=yes
        elif [ "$sort" = f ] && [ -f "$path" ] && [ ! -L "$path" ]; then
            sum=$(sha256sum <"$path")
            [ "$(stat -c '%a %s' "$path") ${sum%% *}" != "$mode $bytes $content" ] || found=yes
        fi
        [ -z "$found" ] || printf '%s\t%s\t%s\t%s\t%s\n' "$sort" "$mode" "$bytes" "$content" "$name"
    done
}

# %XX as bytes. printf knows octal numbers only.
decoded() {
    rest=$1
    while :; do
        case $rest in *%[0-9A-F][0-9A-F]*) ;; *) break ;; esac
        printf %s "${rest%%\%*}"
        rest=${rest#*%}
        hex=${rest%"${rest#??}"} rest=${rest#??}
        byte=$((0x$hex))
        # shellcheck disable=SC2059
        printf "\\$((byte / 64))$((byte / 8 % 8))$((byte % 8))"
    done
    printf %s "$rest"
}

# The modes as they were before `chmod a-w`, where only the owner might write.
writable() { sed -e "s/^\([fd]${tab}\)4/\16/" -e "s/^\([fd]${tab}\)5/\17/"; }

# The modes as they are after `chmod a-w`.
read_only() {
    sed -e ':a' -e "s/^\([fd]${tab}[0-7]*\)7/\15/; ta" -e "s/^\([fd]${tab}[0-7]*\)6/\14/; ta" \
        -e "s/^\([fd]${tab}[0-7]*\)3/\11/; ta" -e "s/^\([fd]${tab}[0-7]*\)2/\10/; ta"
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

# Verbs

verb_sight() {
    [ -d "$root" ] || end noroot
    [ ! -d "$state" ] || { [ -r "$state" ] && [ -x "$state" ]; } || end notours
    sighting
    end ok
}

sighting() {
    read_current
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

verb_acquire() {
    require operation ttl holder least
    open_state
    lock
    read_current
    read_lease
    if [ "$l_operation" = "$operation" ] && [ "$l_token" -gt 0 ]; then
        # Our own retry after a lost answer: the same token again.
        token=$l_token
        [ "$l_boot" = "$boot" ] || l_since=$now
    else
        if is_live && [ "$steal" != "$l_operation" ]; then
            say_lease
            end held
        fi
        if [ -n "$l_operation" ]; then
            say_taken
            stop_preparing "$l_operation $l_token"
        fi
        new_token
        l_since=$now
    fi
    l_holder=$holder l_process=${process:--}
    fail_here acquire
    write_lease $((now + ttl)) "${phase:-start}"
    say_number
    unlock
    load_ballast
    say "token $token"
    sighting
    end ok
}

say_taken() {
    standing=stale
    ! is_live || standing=live
    say "taken $l_operation $l_holder $standing"
}

# Burnt before the lease exists: a number is never used twice. When the counter was lost, the time of day is far above
# any number it can have reached.
new_token() {
    token=$least
    read_intent
    counter=0
    if [ -e "$state/token" ] || [ -L "$state/token" ]; then
        counter=''
        [ ! -f "$state/token" ] || read -r counter <"$state/token"
        is_token "$counter" || counter=$(date +%s)
    fi 2>/dev/null
    for one in "$counter" "$l_token" "$i_token"; do
        [ "$one" -le "$token" ] || token=$one
    done
    token=$((token + 1))
    put "$state/token" "$token" || cant_write "$state/token"
}

# So that another process of the same operation counts on from there.
say_number() {
    read_answer
    [ "$a_operation $a_token" = "$operation $token" ] || a_number=0
    say "number $a_number"
}

verb_renew() {
    require operation token ttl
    open_state
    lock
    require_ours
    # Also an expired one: nobody took it meanwhile.
    extend_lease "$ttl" "$l_phase"
    end ok
}

# By the operation alone: who lost the answer to `acquire` does not know its token.
verb_give_back() {
    require operation
    open_state
    lock
    read_lease
    [ "$l_operation" != "$operation" ] || rm -f "$state/lease"
    end ok
}

verb_stage() {
    require release tag commit tree digest manifest length size count
    enter upload
    read_current
    if read_header "$release"; then
        [ "$h_commit" = "$commit" ] || end conflict "$h_commit"
        end already
    fi
    [ "$current" != "$release" ] || ! is_folder "$root/releases/$release" || end incomplete "it is live"
    # Of one whose folder somebody deleted.
    rm -f "$state/complete/$release"
    unlock
    clear_incoming
    incoming=$state/incoming/$operation
    mkdir -p "$incoming" "$state/staged" "$state/complete" 2>/dev/null || cant_write "$root"
    openly mkdir -p "$incoming/new" "$root/releases" 2>/dev/null || cant_write "$root"
    check_space
    head -c "$manifest" >"$incoming/manifest" || cant_write "$incoming"
    [ "$(wc -c <"$incoming/manifest")" -eq "$manifest" ] || cut_off
    [ -z "$base" ] || build_on
    take_archive
    fail_here stage:archive
    unpack
    receive
    end ok
}

# All but what came of this very package in an earlier try.
clear_incoming() {
    part=$state/incoming/$digest.part
    for path in "$state"/incoming/*; do
        if [ "$path" != "$part" ] || [ ! -f "$path" ] || [ -L "$path" ]; then clear_away "$path"; fi
    done
}

# What is there already, of which `skip` says how much is not sent again, is not believed: the digest is that of all.
take_archive() {
    if [ "$skip" -eq 0 ]; then true 2>/dev/null >"$part" || cant_write "$incoming"; else shorten_part || cut_off; fi
    if ! head -c $((length - skip)) 2>/dev/null >>"$part"; then
        rm -f "$part"
        cant_write "$incoming"
    fi
    sum=$(sha256sum <"$part")
    [ "${sum%% *}" != "$digest" ] || return 0
    [ "$(wc -c <"$part")" -eq "$length" ] || cut_off
    rm -f "$part"
    end failed "the upload arrived damaged"
}

shorten_part() { [ -f "$part" ] && [ "$(wc -c <"$part")" -ge "$skip" ] && truncate -s "$skip" "$part"; }

# No answer to be kept: a retry goes on.
cut_off() {
    recording=''
    end failed "the upload was cut off"
}

# Twice: the archive and what is in it are there at once.
check_space() {
    # shellcheck disable=SC2046
    set -- $(stat -f -c '%a %S %d %c' "$root" 2>/dev/null)
    [ $# -eq 4 ] || return 0
    [ $(($1 * $2 / 1024)) -gt $((size / 512 + 1024)) ] || end full "$((size / 512)) KiB needed, $(($1 * $2 / 1024)) KiB free"
    # Some file systems do not count inodes.
    [ "$4" -eq 0 ] || [ "$3" -gt "$count" ] || end full "$count inodes needed, $3 free"
}

# What came of the manifest is what differs from BASE's: `-LINE`, `+LINE`. The rest of the release is copied from there,
# and not believed: `unpack` compares all of it. Only names that are safe for xargs are ever built on.
build_on() {
    require whole moment
    read_header "$base" || end unlike
    mv -f "$incoming/manifest" "$incoming/changes"
    sed -n 's/^-//p' "$incoming/changes" | sort >"$incoming/gone"
    sed -e 1d -e '/%/d' "$state/complete/$base" | writable | sort | comm -23 - "$incoming/gone" >"$incoming/kept"
    sed -n 's/^+//p' "$incoming/changes" | sort -u - "$incoming/kept" >"$incoming/manifest"
    sum=$(sha256sum <"$incoming/manifest")
    [ "${sum%% *}" = "$whole" ] || end unlike
    openly copy_kept 2>/dev/null
    chmod -R u+w "$incoming/new"
    fail_here stage:copied
}

# -R: a pipe in a file's place must not be read. The folders are there before, so cp leaves their modes alone.
copy_kept() {
    cd "$incoming/new" && sed -n "/%/d; s/^d$tab.*$tab/.\//p" "$incoming/manifest" | xargs -r mkdir -p
    cd "$root/releases/$base" && sed -n "s/^[fl]$tab.*$tab/.\//p" "$incoming/kept" |
        xargs -r cp -PR --parents --reflink=auto -t "$incoming/new"
}

# As whoever we are, whatever the archive says of owners.
unpack() {
    if ! openly tar -xzopf "$part" -C "$incoming/new" 2>"$incoming/errors"; then
        say_lines out "$incoming/errors"
        ! is_full || end full
        end failed "the archive could not be unpacked"
    fi
    rm -f "$part"
    # A release is the same on every host, however it came.
    [ -z "$base" ] || find "$incoming/new" -exec touch -hd "@$moment" {} +
    compare "$incoming/new" "$incoming/manifest" "$incoming/check"
    if [ -s "$incoming/check.bad" ]; then
        [ -z "$base" ] || is_full || end unlike "$(sed -n "1s/.*$tab//p" "$incoming/check.bad")"
        say_lines out "$incoming/check.bad"
        end failed "what was unpacked is not what the manifest says"
    fi
    there=$(find "$incoming/new" -mindepth 1 -print0 | tr -cd '\000' | wc -c)
    [ "$there" -eq "$count" ] || end failed "$there entries were unpacked instead of $count"
    fail_here stage:unpacked
}

write_revision() { printf '%s %s\n' "$tag" "$commit" >"$incoming/new/REVISION"; }

# The folder gets its name; an incomplete one of that name makes room.
receive() {
    rm -f "$incoming/new/REVISION"
    openly write_revision || cant_write "$incoming"
    { printf '%s %s %s\n' "$tag" "$commit" "$tree" && cat "$incoming/manifest"; } >"$incoming/staged" || cant_write "$incoming"
    lock
    prove
    rm -f "$state/staged/$release"
    [ ! -e "$root/releases/$release" ] && [ ! -L "$root/releases/$release" ] || discard "$root/releases/$release" ||
        cant_write "$root/releases"
    fail_here stage:discarded
    mv -fT "$incoming/new" "$root/releases/$release" || cant_write "$root/releases"
    fail_here stage:renamed
    mv -f "$incoming/staged" "$state/staged/$release" || cant_write "$state/staged"
    unlock
    clear_away "$state/incoming"
    clear_away "$state/trash"
}

verb_prepare() {
    require release seconds
    enter prepare
    ! read_header "$release" || end already
    unlock
    folder=$root/releases/$release
    is_folder "$folder" || end incomplete "it is not uploaded"
    [ -f "$state/staged/$release" ] || end incomplete "it is not uploaded"
    # An earlier try may have come as far as making it read-only.
    chmod -R u+w "$folder" || cant_write "$folder"
    for word; do
        case $word in dir=*) share_folder "${word#dir=}" ;; file=*) share_file "${word#file=}" ;; esac
    done
    step=0
    for word; do
        case $word in
        run=*)
            step=$((step + 1))
            run "$step" "$folder" "${word#run=}" "$@"
            if [ "$status" -ne 0 ]; then
                # Whoever took the lease ended it: that is no failure of the release.
                lock
                require_ours
                end failed "$(outcome "${word#run=}")"
            fi
            fail_here prepare:ran
            ;;
        esac
    done
    seal "$@"
    end ok
}

# Once: it may change what all releases share, so a try that was cut off is not made again by itself.
verb_migrate() {
    require release seconds text
    enter migrate
    [ "$a_operation $a_token $a_number $a_state" != "$operation $token $number running" ] ||
        end unknown "an earlier try was cut off"
    read_header "$release" || end incomplete
    [ -z "$journal" ] || keep_journal || end full "the journal could not be written"
    unlock
    run migrate "$root/releases/$release" "$text" "$@"
    fail_here migrate:ran
    [ "$status" -eq 0 ] || end failed "$(outcome "$text")"
    end ok
}

outcome() {
    what=$(one_line "$1")
    case $status in
    124 | 137) printf 'took longer than %s s: %s' "$seconds" "$what" ;;
    *) printf 'exit status %s: %s' "$status" "$what" ;;
    esac
}

one_line() { printf %s "$1" | tr -s '[:cntrl:][:space:]' ' ' | head -c 200; }

share_folder() {
    openly mkdir -p "$root/shared/$1" 2>/dev/null || cant_write "$root/shared/$1"
    share "$1"
}

share_file() {
    [ -f "$root/shared/$1" ] || end missing "shared/$1"
    share "$1"
}

# A relative link, so that the whole root may be moved. Its parents must be the release's own folders.
share() {
    above='' parent=''
    rest=$1/
    while [ -n "${rest#*/}" ]; do
        parent=$parent${rest%%/*}/ rest=${rest#*/} above=../$above
        [ ! -L "$folder/${parent%/}" ] || end failed "the release's ${parent%/} is a link: shared/$1 can't be put below it"
    done
    openly mkdir -p "$folder/$parent" 2>/dev/null || cant_write "$folder/$parent"
    clear_away "$folder/$1"
    ln -s "../../${above}shared/$1" "$folder/$1" 2>/dev/null || cant_write "$folder/$1"
}

# From here on the release is complete and does not change. What the commands rewrote themselves and what is shared is
# no longer the manifest's.
seal() {
    sealing=$state/sealing
    clear_away "$sealing"
    mkdir "$sealing" || cant_write "$sealing"
    sed 1d "$state/staged/$release" >"$sealing/manifest"
    for word; do
        case $word in dir=* | file=*) unlist "${word#*=}" ;; esac
    done
    # All of it was compared when it came; only commands can have rewritten it since.
    if [ "$step" -eq 0 ]; then
        unlist REVISION
        mv -f "$sealing/manifest" "$sealing/check.good"
    else
        compare "$folder" "$sealing/manifest" "$sealing/check"
    fi
    { head -n 1 "$state/staged/$release" && read_only <"$sealing/check.good"; } >"$sealing/sealed" || cant_write "$sealing"
    chmod -R a-w "$folder" || cant_write "$folder"
    sync -f "$folder" 2>/dev/null || sync
    sync "$sealing/sealed"
    fail_here seal
    lock
    prove
    mkdir -p "$state/complete"
    mv -f "$sealing/sealed" "$state/complete/$release" || cant_write "$state/complete"
    sync "$state/complete"
    fail_here sealed
    unlock
    rm -f "$state/staged/$release"
    clear_away "$sealing"
}

unlist() {
    pattern=$(printf %s "$1" | encoded | sed 's/\./\\./g')
    grep -v "$tab$pattern\(/.*\)\{0,1\}\$" "$sealing/manifest" >"$sealing/rest"
    mv -f "$sealing/rest" "$sealing/manifest"
}

# Like a manifest's names. od knows bytes.
encoded() {
    od -An -v -tu1 | tr -s ' ' '\n' | while read -r byte; do
        [ -n "$byte" ] || continue
        # shellcheck disable=SC2059
        char=$(printf "\\$((byte / 64))$((byte / 8 % 8))$((byte % 8))")
        case $char in [A-Za-z0-9._+@=,/-]) printf %s "$char" ;; *) printf '%%%02X' "$byte" ;; esac
    done
}

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
        run restart "$root/current" "$restart" "$@"
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
    run drain "$root/current" "$drain" "$@"
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
    [ "$origin" = - ] || [ "$origin" = "$release" ] || jot "$state/previous" "$origin"
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
    run undrain "$root/current" "$undrain" "$@"
    [ "$status" -eq 0 ] || end failed "undrain: $(outcome "$undrain")"
    end ok
}

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
