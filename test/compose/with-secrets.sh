#!/bin/sh
# Runs a command with fresh secrets in its environment, as the stack of docker-compose.yml and check.mjs need them:
#   test/compose/with-secrets.sh compose-check -- node test/compose/check.mjs
#   test/compose/with-secrets.sh sh -c 'docker compose up --build --wait && node test/compose/check.mjs; docker compose down -v'
set -eu
for name in AOL_ADMIN_TOKEN AOL_OPERATOR_TOKEN AOL_VIEWER_TOKEN POSTGRES_PASSWORD AOL_RUN_PASSWORD; do
  export "$name=$(od -An -tx1 -N32 /dev/urandom | tr -d ' \n')"
done
exec "$@"
