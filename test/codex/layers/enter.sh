#!/bin/sh
# Run by `unshare` in namespaces of its own. Makes the folder ROOT the whole world of PROGRAM and becomes it.
# usage: enter.sh ROOT PROGRAM HOST_NAME [--names NODE SCRIPT LOG] -- ARGUMENTS...
set -e
root=$1 program=$2 host=$3
shift 3
hostname "$host"
mount --bind "$program" "$root/bin/codex"
mount --bind /dev/null "$root/dev/null"
mount --bind /dev/urandom "$root/dev/urandom"
mount --rbind /proc "$root/proc"
if [ "$1" = --names ]; then
  ip link set lo up
  "$2" "$3" "$4" </dev/null >/dev/null &
  tries=0
  while [ ! -e "$4" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 200 ] || exit 70
    sleep 0.05
  done
  shift 4
fi
shift
# The path of chroot is looked up before the environment is emptied for the CLI.
exec env -i PATH=/bin HOME=/sandbox CODEX_HOME=/sandbox/home LANG=C.UTF-8 "$(command -v chroot)" "$root" /bin/codex "$@"
