# shellcheck shell=sh
# The right to change something: who has it, since when, and how it is taken.

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

# EXPIRY PHASE: its text in $lease; since when, whose and which process's it is stays as it was read.
lease_until() { lease="$operation $token $boot $1 $l_since $2 $l_holder $l_process"; }

write_lease() {
    lease_until "$@"
    jot lease "$lease" || cant_write "$state/lease"
}

is_ours() { [ "$l_operation $l_token" = "$operation $token" ]; }

# SECONDS PHASE: its text in $lease. Never shorter than it is; but what it was before a reboot was told by another clock.
longer_lease() {
    hear
    until=$((now + $1))
    [ "$l_boot" != "$boot" ] || [ "$l_expiry" -le "$until" ] || until=$l_expiry
    lease_until "$until" "$2"
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
    longer_lease "$ttl" "$l_phase"
    jot lease "$lease" || cant_write "$state/lease"
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
