#!/bin/bash
# Runs once, when the database is made. The schema belongs to `aol`, as whom only the migration connects; worker and API are
# `aol_run`, who can change rows and nothing else: not the tables, not the rules in them.
set -eu
AOL_RUN_PASSWORD=$(cat /var/lib/aol-secrets/owner/run-password)
export AOL_RUN_PASSWORD
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\getenv password AOL_RUN_PASSWORD
CREATE ROLE aol_run LOGIN PASSWORD :'password';
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO aol_run;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO aol_run;
SQL
