# shellcheck shell=sh
# An upload: received, unpacked, compared, and given its name.

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
