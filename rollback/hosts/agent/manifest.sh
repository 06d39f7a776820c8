# shellcheck shell=sh
# Manifests: what a release's folder must hold, and whether it does.

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

# Like a manifest's names. od knows bytes.
encoded() {
    od -An -v -tu1 | tr -s ' ' '\n' | while read -r byte; do
        [ -n "$byte" ] || continue
        # shellcheck disable=SC2059
        char=$(printf "\\$((byte / 64))$((byte / 8 % 8))$((byte % 8))")
        case $char in [A-Za-z0-9._+@=,/-]) printf %s "$char" ;; *) printf '%%%02X' "$byte" ;; esac
    done
}

# The modes as they were before `chmod a-w`, where only the owner might write.
writable() { sed -e "s/^\([fd]${tab}\)4/\16/" -e "s/^\([fd]${tab}\)5/\17/"; }

# The modes as they are after `chmod a-w`.
read_only() {
    sed -e ':a' -e "s/^\([fd]${tab}[0-7]*\)7/\15/; ta" -e "s/^\([fd]${tab}[0-7]*\)6/\14/; ta" \
        -e "s/^\([fd]${tab}[0-7]*\)3/\11/; ta" -e "s/^\([fd]${tab}[0-7]*\)2/\10/; ta"
}
