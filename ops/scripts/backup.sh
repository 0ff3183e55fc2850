#!/bin/sh
# Takes a backup now. Further words go to `rempart backup run`.
set -eu
. "$(dirname -- "$0")/environment.sh"
rempart backup run --engine "$engine" "$@"
