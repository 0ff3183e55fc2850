# Read by the scripts beside it: where the command line is, and the variables that these scripts have always had.

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=${REMPART_ROOT:-$here/../..}
node=$root/node_modules/.bin/node

fail() {
  echo "$(basename -- "$0"): $1" >&2
  exit 1
}

[ -x "$node" ] || fail "Rempart is not installed in $root: run npm install there, or set REMPART_ROOT"

rempart() {
  "$node" "$root/apps/cli/src/main.ts" "$@"
}

# s3://… is where backups go; a bucket's bare name is that of the media, and none of ours.
case ${S3_BUCKET:-} in
  s3://*) BACKUP_REPOSITORY=${BACKUP_REPOSITORY:-$S3_BUCKET} && export BACKUP_REPOSITORY ;;
esac

if [ -n "${ENCRYPTION_KEY:-}" ] && [ ! -r "$ENCRYPTION_KEY" ]; then
  fail "ENCRYPTION_KEY names a file that can be read, never the key itself: write the key into a file of mode 0600"
fi

# A server of one's own is dumped, unless it is said that pgBackRest takes care of it.
if [ -n "${DATABASE_URL:-}" ]; then
  case ${BACKUP_ENGINE:-none} in
    none) engine=dump ;; # by whoever runs these scripts
    *) engine=$BACKUP_ENGINE ;;
  esac
else
  engine=${BACKUP_ENGINE:-built-in}
fi
