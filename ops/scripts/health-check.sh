#!/bin/sh
# Asks the messenger, the database and the backups how they are. Ends with 1 when one of them is not well.
set -eu
. "$(dirname -- "$0")/environment.sh"
url=${HEALTH_URL:-http://127.0.0.1:${PORT:-3000}/health/ready}
state=0

report() {
  if "$2" >/dev/null 2>&1; then
    echo "ok      $1"
  else
    echo "failed  $1"
    state=1
  fi
}

messenger() {
  "$node" -e 'fetch(process.argv[1], { signal: AbortSignal.timeout(10_000) }).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))' "$url"
}

database() {
  rempart db status
}

backups() {
  if [ "$engine" = built-in ]; then
    rempart backup status
  else
    rempart backup list --engine "$engine" --json | grep -q '"id"'
  fi
}

report "messenger at $url" messenger
report database database
if [ "${BACKUP_REPOSITORY:-}" != none ]; then
  report "backups ($engine)" backups
fi
exit $state
