#!/bin/sh
# A guided first quarter of an hour: `aol tour`. With --yes it waits for nobody and tests this machine.
exec node "$(dirname "$0")/../bin/aol.mjs" tour "$@"
