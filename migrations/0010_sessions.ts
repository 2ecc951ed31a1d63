/** Sessions of the dashboard: signing out ends one, in every API process, and so does leaving it idle. */

import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(SESSIONS);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE aol_sessions');
}

const SESSIONS = `
  CREATE TABLE aol_sessions (
    id uuid PRIMARY KEY,
    -- Of the cookie's value, which itself is not kept.
    sha256 bytea NOT NULL UNIQUE CHECK (octet_length(sha256) = 32),
    -- The token that it was begun with: a named one, or the SHA-256 of one of the environment.
    token_id uuid REFERENCES aol_api_tokens (id) ON DELETE CASCADE,
    environment_sha256 bytea CHECK (octet_length(environment_sha256) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
    last_used_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    CONSTRAINT begun_with_one_token CHECK ((token_id IS NULL) <> (environment_sha256 IS NULL))
  );
  CREATE INDEX aol_sessions_expires_at ON aol_sessions (expires_at);
`;
