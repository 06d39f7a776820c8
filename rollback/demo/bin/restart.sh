#!/bin/sh
# The demo's `restart`: ends this host's gunicorn and starts a new one in the folder that `current` points to now.
# A HUP would not do: a gunicorn keeps the folder that it was started in, and would go on serving the old release.
# Answers when the new one listens, or fails and says why.
set -eu
# shellcheck source=/dev/null
. "$(dirname "$0")/settings"
own=$WORLD/hosts/$ROLLBACK_HOST
pid_file=$own/gunicorn.pid
release=$(readlink -f "$ROLLBACK_ROOT/current")

fail() {
    echo "gunicorn on $ROLLBACK_HOST: $1" >&2
    tail -n 15 "$own/gunicorn.log" >&2
    exit 1
}

alive() { # a dead one that nobody has buried yet does not count
    grep -q '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status" 2>/dev/null
}

old=$(cat "$pid_file" 2>/dev/null || true)
if [ -n "$old" ] && grep -q gunicorn "/proc/$old/cmdline" 2>/dev/null; then
    kill -TERM "$old" || true
    tries=0
    while alive "$old"; do
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] || fail "the old one does not end"
        sleep 0.05
    done
fi

rm -f "$pid_file" # of one that was killed: while nobody buries it, gunicorn takes it for running

# preload: what listens has imported the app. No bytecode is written: a release's folder stays as it was deployed.
cd "$release"
PYTHONDONTWRITEBYTECODE=1 ROLLBACK_DEMO_WORLD=$WORLD "$PYTHON" -m gunicorn shop:app --daemon --preload --no-control-socket \
    --bind "127.0.0.1:$ROLLBACK_VAR_PORT" --workers 1 --threads 4 --graceful-timeout 10 \
    --pid "$pid_file" --error-logfile "$own/gunicorn.log" --capture-output || fail "it did not start"

"$PYTHON" -S - "$ROLLBACK_VAR_PORT" <<'WAIT' || fail "it does not listen"
import socket, sys, time
for _ in range(400):
    try:
        socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1).close()
        sys.exit(0)
    except OSError:
        time.sleep(0.05)
sys.exit(1)
WAIT
