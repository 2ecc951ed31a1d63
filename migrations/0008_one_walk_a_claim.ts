/**
 * What is due, found in one walk through the claim order's index. Under a transaction that has been open for long, the entries of
 * what was claimed since stay in the index, all of them before what is due now: each walk passes every one, so that a walk may also
 * begin where the last one found something (`src/db/queue/claim-cursor.ts`).
 */

import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(LOCK_DUE);
  await knex.raw(runningIndex('lane, mode, claim_tick_id'));
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(runningIndex('lane, claim_tick_id'));
  await knex.raw('DROP FUNCTION aol_lock_due');
}

/** By mode, so that whoever asks for effects does not pass what proofs have left behind. */
const runningIndex = (columns: string) => `
  DROP INDEX aol_actions_running;
  CREATE INDEX aol_actions_running ON aol_actions (${columns})
    WHERE status = 'RUNNING' OR (status = 'RETRY' AND claim_tick_id IS NOT NULL);
`;

const LOCK_DUE = `
  -- Locks what is due in a lane and mode: the first so many in due order, and the oldest of all. What others hold is passed by. Locked
  -- by nobody else until the transaction ends. Plans for the index, as aol_oldest_queued does.
  --
  -- Given a place in due order, what lies before it in its priority is left out, unless there is too little behind it.
  -- from_start: whether it walked through all of it. passing_ms: how long it took to pass what may not be claimed.
  CREATE FUNCTION aol_lock_due(of_lane text, of_mode text, at_most integer, from_priority smallint, from_run_at timestamptz, from_id uuid)
  RETURNS TABLE (id uuid, priority smallint, run_at timestamptz, claim_count smallint, is_oldest boolean, from_start boolean, passing_ms double precision)
  LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
  DECLARE
    head record;
    oldest_id uuid;
    oldest_at timestamptz;
    found_rows integer;
    room integer;
    above smallint;
    is_whole boolean := from_id IS NULL;
    began timestamptz;
    passed double precision := 0;
  BEGIN
    LOOP
      room := at_most;
      above := 32767;
      LOOP
        began := clock_timestamp();
        IF is_whole OR above <= from_priority THEN
          SELECT a.priority, a.run_at, a.id INTO head FROM aol_actions a
          WHERE a.lane = of_lane AND a.mode = of_mode AND (a.status = 'PENDING' OR (a.status = 'RETRY' AND a.claim_tick_id IS NULL))
            AND a.priority < above
          ORDER BY a.priority DESC, a.run_at, a.id LIMIT 1;
          EXIT WHEN NOT FOUND;
        ELSE
          SELECT a.priority, a.run_at, a.id INTO head FROM aol_actions a
          WHERE a.lane = of_lane AND a.mode = of_mode AND (a.status = 'PENDING' OR (a.status = 'RETRY' AND a.claim_tick_id IS NULL))
            AND a.priority < above AND a.priority > from_priority
          ORDER BY a.priority DESC, a.run_at, a.id LIMIT 1;
          IF NOT FOUND THEN
            above := from_priority;
            SELECT a.priority, a.run_at, a.id INTO head FROM aol_actions a
            WHERE a.lane = of_lane AND a.mode = of_mode AND (a.status = 'PENDING' OR (a.status = 'RETRY' AND a.claim_tick_id IS NULL))
              AND a.priority = from_priority AND (a.run_at, a.id) >= (from_run_at, from_id)
            ORDER BY a.run_at, a.id LIMIT 1;
            CONTINUE WHEN NOT FOUND;
          END IF;
        END IF;
        passed := passed + extract(epoch FROM clock_timestamp() - began) * 1000;
        above := head.priority;
        CONTINUE WHEN head.run_at > clock_timestamp();
        IF oldest_id IS NULL OR (head.run_at, head.id) < (oldest_at, oldest_id) THEN
          oldest_id := head.id;
          oldest_at := head.run_at;
        END IF;
        CONTINUE WHEN room <= 0;
        RETURN QUERY
          SELECT a.id, a.priority, a.run_at, a.claim_count, false, is_whole, passed FROM aol_actions a
          WHERE a.lane = of_lane AND a.mode = of_mode AND (a.status = 'PENDING' OR (a.status = 'RETRY' AND a.claim_tick_id IS NULL))
            AND a.priority = head.priority AND (a.run_at, a.id) >= (head.run_at, head.id) AND a.run_at <= clock_timestamp()
          ORDER BY a.run_at, a.id LIMIT room FOR UPDATE SKIP LOCKED;
        GET DIAGNOSTICS found_rows = ROW_COUNT;
        room := room - found_rows;
      END LOOP;
      EXIT WHEN is_whole OR room <= 0;
      is_whole := true;
    END LOOP;
    RETURN QUERY
      SELECT a.id, a.priority, a.run_at, a.claim_count, true, is_whole, passed FROM aol_actions a
      WHERE a.id = oldest_id AND (a.status = 'PENDING' OR (a.status = 'RETRY' AND a.claim_tick_id IS NULL))
        AND a.run_at <= clock_timestamp()
      FOR UPDATE SKIP LOCKED;
  END $$;
`;
