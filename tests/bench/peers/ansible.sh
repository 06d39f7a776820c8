#!/bin/sh
# ControlPersist is Ansible's own default; what it leaves open is closed after each run.
cd "$(dirname "$0")" || exit
export ANSIBLE_NOCOLOR=1 ANSIBLE_SSH_ARGS="-F $SSH_CONFIG -o ControlMaster=auto -o ControlPersist=60s"
export ANSIBLE_SSH_CONTROL_PATH_DIR="$BENCH_MASTERS"
exec ansible-playbook -i "$(echo "$BENCH_HOSTS" | tr ' ' ,)," -f 100 ansible.yml
