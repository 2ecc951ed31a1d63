/**
 * Ahead of time, and revisions. `due_at` is when an effect may begin, and may be moved while the action waits; `run_at` is when it is
 * claimed next, to be shown to a person or to be performed (docs/adr/0028). A revision is a new action in the place of an older one.
 */

import type { Knex } from 'knex';

const NEW_EVENTS = ['REVISED', 'RESCHEDULED', 'CHANGES_REQUESTED'];

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE aol_actions
      ADD COLUMN revises uuid REFERENCES aol_actions (id),
      ADD COLUMN revised_by uuid,
      -- {"by", "at", "reason"} of the last request.
      ADD COLUMN changes_requested jsonb CHECK (length(changes_requested::text) <= 8192),
      ADD CONSTRAINT revised_is_cancelled CHECK (revised_by IS NULL OR status = 'CANCELLED'),
      ADD CONSTRAINT real_revision_needs_approval CHECK (revises IS NULL OR mode = 'PROOF' OR approval_needed);
    -- What is claimed before its time, by its time: of other actions the claim order tells it.
    CREATE INDEX aol_actions_shown_ahead ON aol_actions (lane, due_at, id) WHERE status = 'PENDING' AND run_at < due_at;
    CREATE UNIQUE INDEX aol_actions_revised_once ON aol_actions (revises) WHERE revises IS NOT NULL;
    ${immutable('revises, ')}
    CREATE TRIGGER aol_actions_rescheduled AFTER UPDATE OF due_at ON aol_actions FOR EACH ROW
      WHEN (NEW.due_at IS DISTINCT FROM OLD.due_at
        AND (NEW.status <> OLD.status OR NEW.status NOT IN ('PENDING', 'AWAITING_APPROVAL')))
      EXECUTE FUNCTION aol_refuse_immutable_columns();
    CREATE TRIGGER aol_actions_revised AFTER UPDATE OF revised_by ON aol_actions FOR EACH ROW
      WHEN (OLD.revised_by IS NOT NULL AND NEW.revised_by IS DISTINCT FROM OLD.revised_by)
      EXECUTE FUNCTION aol_refuse_immutable_columns();

    -- What waits for its time and needs a person asks now.
    UPDATE aol_actions SET run_at = now() WHERE status = 'PENDING' AND mode = 'REAL' AND run_at > now() AND run_at = due_at
      AND approval_needed AND approval_sha256 IS NULL;
    UPDATE aol_actions SET run_at = due_at WHERE status = 'AWAITING_APPROVAL';

    -- What they do stands in src/db/sql/approvals.sql.
    CREATE FUNCTION aol_heed_rule() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM aol_show_ahead(NEW.lane);
      RETURN NULL;
    END $$;
    CREATE TRIGGER aol_control_flags_heed_rule AFTER INSERT OR UPDATE ON aol_control_flags FOR EACH ROW
      WHEN (NEW.name = 'approval_policy' AND NEW.value <> '"none"') EXECUTE FUNCTION aol_heed_rule();
    CREATE TRIGGER aol_autonomy_heed_rule AFTER INSERT OR UPDATE ON aol_autonomy FOR EACH ROW
      WHEN (NEW.level = 'approve') EXECUTE FUNCTION aol_heed_rule();`);
  await allowEvents(knex, (events) => [...events, ...NEW_EVENTS]);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TRIGGER aol_autonomy_heed_rule ON aol_autonomy;
    DROP TRIGGER aol_control_flags_heed_rule ON aol_control_flags;
    DROP FUNCTION aol_heed_rule;
    DROP TRIGGER aol_actions_revised ON aol_actions;
    DROP TRIGGER aol_actions_rescheduled ON aol_actions;
    DROP INDEX aol_actions_shown_ahead;
    ${immutable('due_at, ')}
    -- What asks before its time waits for it again.
    UPDATE aol_actions SET run_at = due_at WHERE status = 'PENDING' AND run_at < due_at;
    ALTER TABLE aol_actions DROP CONSTRAINT revised_is_cancelled, DROP CONSTRAINT real_revision_needs_approval,
      DROP COLUMN revises, DROP COLUMN revised_by, DROP COLUMN changes_requested;
    ALTER TABLE aol_execution_logs DISABLE TRIGGER USER;
    UPDATE aol_execution_logs SET event = 'FLAG_CHANGED' WHERE event IN (${NEW_EVENTS.map((event) => `'${event}'`).join(', ')});
    ALTER TABLE aol_execution_logs ENABLE TRIGGER USER;`);
  await allowEvents(knex, (events) => events.filter((event) => !NEW_EVENTS.includes(event)));
}

function immutable(more: string): string {
  return `DROP TRIGGER aol_actions_immutable ON aol_actions;
    CREATE TRIGGER aol_actions_immutable AFTER UPDATE OF id, lane, type, payload, idempotency_key, request_hash, mode, promoted_from,
      ${more}created_by, created_at ON aol_actions FOR EACH ROW EXECUTE FUNCTION aol_refuse_immutable_columns();`;
}

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
        .join(', ')}))`);
}
