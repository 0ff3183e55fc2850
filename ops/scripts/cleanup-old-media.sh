#!/bin/sh
# cleanup-old-media.sh --days 90 --dry-run|--confirm: files that no message refers to any more. What is removed is the database's
# knowledge of them; the objects stay in the store, and their keys are printed.
set -eu
. "$(dirname -- "$0")/environment.sh"
days=90
mode=

while [ $# -gt 0 ]; do
  case $1 in
    --days)
      days=${2:-}
      shift
      ;;
    --dry-run | --confirm)
      [ -z "$mode" ] || fail "say one of --dry-run and --confirm"
      mode=$1
      ;;
    *) fail "unknown: $1" ;;
  esac
  [ $# -gt 0 ] && shift
done

case $mode in
  --dry-run) rempart db media --days "$days" ;;
  --confirm) rempart db media --days "$days" --remove --yes ;;
  *) fail "say --dry-run, which shows them, or --confirm, which removes them" ;;
esac
