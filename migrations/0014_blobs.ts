/** Files that go out with effects, and the actions that name them: a file lives as long as one of these does. */

import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE aol_blobs (
      sha256 text PRIMARY KEY CHECK (sha256 ~ '^[0-9a-f]{64}$'),
      media_type text NOT NULL CHECK (length(media_type) BETWEEN 3 AND 200),
      byte_count integer NOT NULL CHECK (byte_count > 0),
      width integer CHECK (width > 0),
      height integer CHECK (height > 0),
      created_by text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      CONSTRAINT size_is_whole CHECK ((width IS NULL) = (height IS NULL)));
    CREATE TABLE aol_blob_uses (
      action_id uuid NOT NULL REFERENCES aol_actions ON DELETE CASCADE,
      sha256 text NOT NULL REFERENCES aol_blobs,
      PRIMARY KEY (action_id, sha256));
    CREATE INDEX aol_blob_uses_of_blob ON aol_blob_uses (sha256);

    -- Whoever queues an action with files, their uses are committed with it.
    CREATE FUNCTION aol_use_blobs() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO aol_blob_uses (action_id, sha256)
      SELECT DISTINCT NEW.id, b.sha256 FROM aol_blobs b JOIN (
        SELECT file ->> 'sha256' AS sha256 FROM jsonb_path_query(NEW.payload, 'lax $.media[*]') AS file
        UNION ALL SELECT file ->> 'sha256' FROM jsonb_path_query(NEW.payload, 'lax $.attachments[*]') AS file) AS named USING (sha256)
      ON CONFLICT DO NOTHING;
      RETURN NULL;
    END $$;
    CREATE TRIGGER aol_actions_use_blobs AFTER INSERT ON aol_actions FOR EACH ROW
      WHEN (jsonb_exists(NEW.payload, 'media') OR jsonb_exists(NEW.payload, 'attachments')) EXECUTE FUNCTION aol_use_blobs()`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TRIGGER aol_actions_use_blobs ON aol_actions;
    DROP FUNCTION aol_use_blobs;
    DROP TABLE aol_blob_uses, aol_blobs`);
}
