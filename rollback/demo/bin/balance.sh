#!/bin/sh
# Writes this host's line of nginx's upstream ($1 is " down" or nothing) and makes nginx read it.
# A new nginx worker knows the new line; the old ones answer what they have and go. Only when they are gone does nobody
# use the old line any more, so that is what we wait for. One host at a time: two would take each other's workers for old.
set -eu
# shellcheck source=/dev/null
. "$(dirname "$0")/settings"
line=$WORLD/nginx/upstream/$ROLLBACK_HOST.conf

workers() {
    grep -l "^PPid:[[:space:]]*$master\$" /proc/[0-9]*/status 2>/dev/null | tr -dc '0-9\n' || true
}

exec 9>"$WORLD/nginx/lock"
flock 9
master=$(cat "$WORLD/nginx/nginx.pid")
cp "$line" "$WORLD/nginx/before" # beside the folder that nginx reads
echo "server 127.0.0.1:$ROLLBACK_VAR_PORT max_fails=0$1;" >"$line.new"
mv "$line.new" "$line"
if ! "$NGINX" -q -t -p "$WORLD/nginx" -c nginx.conf -e error.log; then
    mv "$WORLD/nginx/before" "$line"
    exit 1
fi
old=$(workers)
kill -HUP "$master"
for worker in $old; do
    tries=0
    while kill -0 "$worker" 2>/dev/null; do
        tries=$((tries + 1))
        if [ "$tries" -ge 400 ]; then
            echo "nginx's worker $worker still has requests of before" >&2
            exit 1
        fi
        sleep 0.05
    done
done
