/** All settings of the two keys, the autonomy level and the approval: only those that should send do. */

import { afterEach, expect, test } from '@jest/globals';
import { approveAction } from '../../src/db/decide/approvals.ts';
import { setAutonomy } from '../../src/db/decide/autonomy.ts';
import { createLane } from '../../src/db/decide/flags.ts';
import { AUTONOMY_LEVELS } from '../../src/domain/autonomy.ts';
import { setFlag } from '../support/engine.ts';
import { answer, type Receiver, startReceiver } from '../support/receiver.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { quietRuntime } from '../support/workflows.ts';

const YES_NO = [true, false] as const;
const TYPE = 'CALL_WEBHOOK';

/** What can be set in one process; a lane for each of the first two, as people would have it. */
const SETTINGS = YES_NO.flatMap((proofOnly) =>
  AUTONOMY_LEVELS.flatMap((level) =>
    YES_NO.flatMap((isAsked) =>
      YES_NO.map((isGiven) => ({
        proofOnly,
        level,
        isAsked,
        isGiven,
        lane: `${proofOnly ? 'proof' : 'real'}-${level}`,
        name: `proof_only=${proofOnly},${level},asked=${isAsked},given=${isGiven}`,
      })),
    ),
  ),
);
const LANES = [...new Map(SETTINGS.map((one) => [one.lane, one])).values()];

let stack: TestStack;
let receiver: Receiver;
afterEach(() => Promise.all([stack?.stop(), receiver?.close()]), 60_000);

test.each([
  ['AOL_PROOF_MODE unset', true],
  ['AOL_PROOF_MODE=0', false],
] as const)(
  '%s: of 24 settings in its lanes only those send that should',
  async (_name, proofMode) => {
    quietRuntime();
    [stack, receiver] = await Promise.all([
      createTestStack(),
      startReceiver({ onRequest: (socket) => socket.end(answer(200, {}, '{}')) }),
    ]);
    await setFlag(stack.db, 'tick_interval_ms', 0);
    await setFlag(stack.db, 'max_actions_per_tick', 50);
    const admin = { actor: 'admin', mayLoosen: true };
    for (const { lane, proofOnly, level } of LANES) {
      await createLane(stack.db, lane, 'admin');
      await setFlag(stack.db, 'approval_policy', 'none', lane);
      await setFlag(stack.db, 'proof_only', proofOnly, lane);
      await setAutonomy(stack.db, { lane, type: TYPE, level }, admin);
    }
    await stack.startWorker({ proofMode, webhook: { allow: receiver.host } });
    const url = (name: string) => `http://${receiver.host}/${encodeURIComponent(name)}`;
    const ids = await stack.enqueue(
      SETTINGS.map(({ name, lane, isAsked }) => ({
        type: TYPE,
        payload: { url: url(name), body: {} },
        lane,
        mode: 'REAL' as const,
        requireApproval: isAsked,
      })),
    );
    const arrived = () =>
      SETTINGS.filter(({ name }) => receiver.requests().some((text) => text.includes(encodeURIComponent(name)))).map(
        ({ name }) => name,
      );
    const should = SETTINGS.filter(
      ({ proofOnly, level, isAsked, isGiven }) =>
        !proofMode && !proofOnly && level !== 'draft' && (isGiven || (level === 'auto' && !isAsked)),
    ).map(({ name }) => name);
    /** A person who gives what is asked for. */
    const give = async () => {
      const rows = (await stack.rows()).filter(({ status }) => status === 'AWAITING_APPROVAL');
      for (const { id, artifact_sha256: sha256 } of rows) {
        if (SETTINGS[ids.indexOf(id)]?.isGiven) await approveAction(stack.db, id, sha256 ?? '', { actor: 'a person' });
      }
    };
    const someRounds = async () => {
      // What is queued later and comes behind in its lane was looked at after all others.
      const last = await stack.enqueue(
        LANES.map(({ lane }) => ({ type: TYPE, payload: { url: url('never'), body: {} }, lane, priority: -10 })),
      );
      await until('each lane has worked', async () => {
        await give();
        const rows = await stack.rows();
        return rows.filter(({ id, status }) => last.includes(id) && status === 'SUCCESS').length === last.length;
      });
    };
    await until('all that should are sent', async () => {
      await give();
      return should.every((name) => arrived().includes(name));
    });
    for (let round = 0; round < 3; round += 1) await someRounds();
    expect(arrived().sort()).toEqual(should.sort());
    expect(receiver.requests()).toHaveLength(should.length);
  },
  90_000,
);
