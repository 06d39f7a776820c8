# shellcheck shell=sh
# A verb that changes something: alone, with the right to, in its turn, and only if it was not done already.

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
    longer_lease "$cover" "$1"
    jot lease "$lease" answer "$operation $token $number running" || cant_write "$state/lease"
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
    answer="$operation $token $number answered$nl${said%"$nl"}"
    if is_ours && [ "$verb" != finish ]; then
        # It covered the whole verb; from here on its holder must renew it.
        hear
        lease_until $((now + ttl)) "$l_phase"
        jot answer "$answer" lease "$lease" || jot lease "$lease"
    else
        jot answer "$answer"
    fi
    unlock
}
