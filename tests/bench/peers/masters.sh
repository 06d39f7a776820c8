#!/bin/sh
# masters.sh open | close: a warm OpenSSH connection to each host; whoever left one, close ends it.
case $1 in
  open)
    echo "$BENCH_HOSTS" | tr ' ' '\n' |
      xargs -P 8 -I '{}' ssh -F "$SSH_CONFIG" -o ControlMaster=yes -o "ControlPath=$BENCH_MASTERS/%n" -o ControlPersist=600 -fN '{}'
    ;;
  close)
    for socket in "$BENCH_MASTERS"/*; do
      [ ! -S "$socket" ] || ssh -F "$SSH_CONFIG" -o "ControlPath=$socket" -O exit any 2>/dev/null
    done
    ;;
esac
