#!/bin/sh
# Reads the newest backup back, and restores it beside everything else where the engine does that by itself. Ends with 1 when
# something is wrong.
set -eu
. "$(dirname -- "$0")/environment.sh"
rempart backup verify --engine "$engine"
if [ "$engine" = built-in ]; then
  rempart backup drill "$@"
fi
