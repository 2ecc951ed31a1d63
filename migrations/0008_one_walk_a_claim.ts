/**
 * What is due, found in one walk through the claim order's index. Under a transaction that has been open for long, the entries of
 * what was claimed since stay in the index, all of them before what is due now: each walk passes every one.
 */

import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(LOCK_DUE);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP FUNCTION aol_lock_due');
}

const LOCK_DUE = `
  -- Locks what is due in a lane and mode: the first so many in due order, and the oldest of all. What others hold is passed by. Locked
  -- by nobody else until the transaction ends. Plans for the index, as aol_oldest_queued does.
  CREATE FUNCTION aol_lock_due(of_lane text, of_mode text, at_most integer)
  RETURNS TABLE (id uuid, priority smallint, run_at timestamptz, claim_count smallint, is_oldest boolean)
  LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
  DECLARE
    head record;
    oldest_id uuid;
    oldest_at timestamptz;
    found_rows integer;
    room integer := at_most;
    above smallint := 32767;
  BEGIN
    LOOP
      SELECT a.priority, a.run_at, a.id INTO head FROM aol_actions a
      WHERE a.lane = of_lane AND a.mode = of_mode AND (a.status = 'PENDING' OR (a.status = 'RETRY' AND a.claim_tick_id IS NULL))
        AND a.priority < above
      ORDER BY a.priority DESC, a.run_at, a.id LIMIT 1;
      EXIT WHEN NOT FOUND;
      above := head.priority;
      CONTINUE WHEN head.run_at > clock_timestamp();
      IF oldest_id IS NULL OR (head.run_at, head.id) < (oldest_at, oldest_id) THEN
        oldest_id := head.id;
        oldest_at := head.run_at;
      END IF;
      CONTINUE WHEN room <= 0;
      RETURN QUERY
        SELECT a.id, a.priority, a.run_at, a.claim_count, false FROM aol_actions a
        WHERE a.lane = of_lane AND a.mode = of_mode AND (a.status = 'PENDING' OR (a.status = 'RETRY' AND a.claim_tick_id IS NULL))
          AND a.priority = head.priority AND (a.run_at, a.id) >= (head.run_at, head.id) AND a.run_at <= clock_timestamp()
        ORDER BY a.run_at, a.id LIMIT room FOR UPDATE SKIP LOCKED;
      GET DIAGNOSTICS found_rows = ROW_COUNT;
      room := room - found_rows;
    END LOOP;
    RETURN QUERY
      SELECT a.id, a.priority, a.run_at, a.claim_count, true FROM aol_actions a
      WHERE a.id = oldest_id AND (a.status = 'PENDING' OR (a.status = 'RETRY' AND a.claim_tick_id IS NULL))
        AND a.run_at <= clock_timestamp()
      FOR UPDATE SKIP LOCKED;
  END $$;
`;
