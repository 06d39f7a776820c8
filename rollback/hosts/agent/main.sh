# shellcheck shell=sh
# The host's side of the protocol: one verb a call, `rollback_agent VERB KEY=VALUE…`, sent after this text over stdin.
#
# These files only define functions, of which a host is sent those that the verb needs (script.py): a word that is the
# name of one counts as its call. They and the call are one group `{ … }`: what was cut off anywhere does nothing at all.
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
    # shellcheck disable=SC2031
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

say() { said="${said}rollback/1 $*$nl"; }

end() {
    say "end $*"
    [ -z "$recording" ] || keep_answer
    printf '%s' "$said"
    exit 0
}

# Told to the output of a command: its last 16 KiB and 200 lines, one line of the protocol for each.
say_lines() {
    [ -s "$2" ] || return 0
    lines=$(tail -c 16384 "$2" 2>/dev/null | tail -n 200 | tr -d '\000' | sed "s/^/rollback\/1 $1 /")
    [ -z "$lines" ] || said="$said$lines$nl"
}

# Not `$$`: what was left behind in the background is a process of its own.
fail_here() { [ "${ROLLBACK_FAILPOINT:-}" != "$1" ] || { read -r self _ </proc/self/stat && kill -9 "$self"; }; }
