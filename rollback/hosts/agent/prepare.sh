# shellcheck shell=sh
# What makes a release complete: shared files, the playbook's commands, the seal.

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
            execute "$step" "$folder" "${word#run=}" "$@"
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
    execute migrate "$root/releases/$release" "$text" "$@"
    fail_here migrate:ran
    [ "$status" -eq 0 ] || end failed "$(outcome "$text")"
    end ok
}

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
