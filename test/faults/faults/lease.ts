/** I-09: whoever contends for an expired lease, one holds it. */

import { claimOnce, holder } from '../../support/engine.ts';
import type { Fault } from '../support/fault.ts';

const ROUNDS = 200;
const CONTENDERS = 50;

const contended: Fault = {
  id: 'I-09',
  title: `${CONTENDERS} contenders for an expired lease, ${ROUNDS} rounds: one wins each`,
  ownWorkflows: true,
  scene: { workers: 0 },
  async play({ db }) {
    const problems: string[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      await db.query(`UPDATE aol_lease SET expires_at = clock_timestamp() - interval '1 second'`);
      const claims = Array.from({ length: CONTENDERS }, (_, index) =>
        claimOnce(db, { ...holder(`run-${round}-${index}`), workflowId: `other/${index}` }),
      );
      const winners = (await Promise.all(claims)).filter(
        ({ result }) => !(result.kind === 'quiet' && result.outcome === 'NO_LEASE'),
      );
      if (winners.length !== 1) problems.push(`round ${round} had ${winners.length} winners`);
    }
    const { rows } = await db.query<{ token: number }>('SELECT token FROM aol_lease');
    if (rows[0]?.token !== ROUNDS) problems.push(`the token is ${rows[0]?.token} after ${ROUNDS} owners`);
    return { problems, note: `${ROUNDS} rounds` };
  },
};

export const leaseFaults: readonly Fault[] = [contended];
