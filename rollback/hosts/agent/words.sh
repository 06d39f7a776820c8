# shellcheck shell=sh
# What is given: nothing of it is believed before it was looked at.

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

# The values of the named words must have been given.
require() {
    for name; do
        eval "value=\$$name"
        [ -n "$value" ] || end misused "$name"
    done
}
