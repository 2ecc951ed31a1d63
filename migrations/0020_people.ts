/** People who sign in by OpenID Connect, and what tells one session from another. */

import type { Knex } from 'knex';

const NEW_EVENTS = ['SESSION_ENDED', 'PERSON_CHANGED'];

export async function up(knex: Knex): Promise<void> {
  await knex.raw(PEOPLE);
  await knex.raw(SESSIONS);
  await allowEvents(knex, (events) => [...events, ...NEW_EVENTS]);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DELETE FROM aol_sessions WHERE person_id IS NOT NULL;
    ALTER TABLE aol_sessions DROP COLUMN person_id, DROP COLUMN address, DROP COLUMN browser,
      ADD CONSTRAINT begun_with_one_token CHECK ((token_id IS NULL) <> (environment_sha256 IS NULL));
    DROP TABLE aol_people;
    DROP FUNCTION aol_guard_people;
    ALTER TABLE aol_execution_logs DISABLE TRIGGER USER;
    UPDATE aol_execution_logs SET event = 'SIGNED_IN' WHERE event IN (${NEW_EVENTS.map((event) => `'${event}'`).join(', ')});
    ALTER TABLE aol_execution_logs ENABLE TRIGGER USER;
  `);
  await allowEvents(knex, (events) => events.filter((event) => !NEW_EVENTS.includes(event)));
}

const PEOPLE = `
  CREATE TABLE aol_people (
    id uuid PRIMARY KEY,
    -- Who it is. The issuer never gives a subject to somebody else; a user name or an address it may.
    issuer text NOT NULL CHECK (length(issuer) BETWEEN 1 AND 1000),
    subject text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    -- As actor in rows and logs. No token's name holds an @.
    name text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9._+@#-]{2,120}$' AND name LIKE '%@%'),
    -- Those that AOL_OIDC_ROLES named at the last sign-in.
    groups text[] NOT NULL CHECK (array_position(groups, NULL) IS NULL),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_signed_in_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    disabled_at timestamptz,
    disabled_by text,
    UNIQUE (issuer, subject),
    CONSTRAINT disabled_by_somebody CHECK ((disabled_at IS NULL) = (disabled_by IS NULL))
  );

  CREATE FUNCTION aol_guard_people() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'a person keeps the name that stands in the log' USING ERRCODE = 'AOL09';
  END $$;
  CREATE TRIGGER aol_people_keep_name BEFORE UPDATE OF id, issuer, subject, name ON aol_people FOR EACH ROW
    EXECUTE FUNCTION aol_guard_people();
`;

const SESSIONS = `
  ALTER TABLE aol_sessions
    ADD COLUMN person_id uuid REFERENCES aol_people (id) ON DELETE CASCADE,
    -- From where, and with what, as the browser says it: for people who look through their sessions.
    ADD COLUMN address text,
    ADD COLUMN browser text CHECK (length(browser) <= 300),
    DROP CONSTRAINT begun_with_one_token,
    ADD CONSTRAINT begun_by_one CHECK (num_nonnulls(token_id, environment_sha256, person_id) = 1);
`;

/** Changes the events of the log from those of before, whichever they are. */
async function allowEvents(knex: Knex, change: (events: string[]) => string[]): Promise<void> {
  const { rows } = await knex.raw<{ rows: { definition: string }[] }>(
    "SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE conname = 'aol_execution_logs_event_check'",
  );
  const before = [...(rows[0]?.definition ?? '').matchAll(/'([A-Z_]+)'/g)].map(([, event = '']) => event);
  await knex.raw(`
    ALTER TABLE aol_execution_logs DROP CONSTRAINT aol_execution_logs_event_check,
      ADD CONSTRAINT aol_execution_logs_event_check
      CHECK (event IN (${change(before)
        .map((event) => `'${event}'`)
        .join(', ')}));
  `);
}
