#!/bin/bash
# Starts the image's own entrypoint with the password that the service `secrets` has made. It counts when the database is made.
set -eu
POSTGRES_PASSWORD=$(cat /var/lib/aol-secrets/owner/owner-password)
export POSTGRES_PASSWORD
exec docker-entrypoint.sh "$@"
