#!/bin/sh
# restore.sh latest|NAME: restores the newest backup, the one of this name, or an archive NAME.sql.gz.gpg.
# Further words go to `rempart backup restore`: --yes, --to DIRECTORY, --time TIME.
set -eu
. "$(dirname -- "$0")/environment.sh"
case ${1:-} in
  '' | -*) fail "say what to restore: latest, the name of a backup, or an archive such as secure-messenger_20241204_120000.sql.gz.gpg" ;;
esac
name=$1
shift
case $name in
  *.sql.gz.gpg)
    [ -n "${DATABASE_URL:-}" ] || fail "an archive is loaded into an empty database: name it in DATABASE_URL"
    [ -n "${ENCRYPTION_KEY:-}" ] || fail "set ENCRYPTION_KEY to the file with the archive's passphrase"
    engine=dump
    ;;
esac
rempart backup restore "$name" --engine "$engine" "$@"
