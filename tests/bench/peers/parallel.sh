#!/bin/sh
# A plain ssh for each host, all at once; the arguments are options of ssh.
script=$(cat "$(dirname "$0")/flip.sh")
echo "$BENCH_HOSTS" | tr ' ' '\n' | xargs -P 100 -I '{}' ssh -F "$SSH_CONFIG" "$@" '{}' "$script"
