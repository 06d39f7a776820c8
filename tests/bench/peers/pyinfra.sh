#!/bin/sh
# A file, as pyinfra takes a long list of hosts for the name of one.
echo "hosts = '$BENCH_HOSTS'.split()" >"$HOME/inventory.py"
exec pyinfra -y --data "ssh_config_file=$SSH_CONFIG" "$HOME/inventory.py" "$(dirname "$0")/pyinfra_flip.py"
