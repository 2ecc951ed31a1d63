/** The flags are looked at while effects run, and once more before a first byte if the last look is too old. */

import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createFlagWatch, KilledError } from '../../src/activities/flag-watch.ts';
import { askingBefore, createExchange } from '../../src/adapters/exchange/index.ts';
import { createSsrfGuard } from '../../src/adapters/exchange/ssrf-guard.ts';
import { pressControl } from '../../src/db/decide/press.ts';
import { createPool } from '../../src/db/pool.ts';
import { UnavailableError } from '../../src/domain/errors.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { answer, answering, startReceiver } from '../support/receiver.ts';
import { renderWebhook, requestOf } from '../support/webhook.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(() => database.pool.query('DELETE FROM aol_control_flags'));

const kill = () => pressControl(database.pool, 'default', { killed: true }, { actor: 'test' });
/** As if the event loop had stood still for so long. */
const standStill = (forMs: number) => {
  const untilMs = performance.now() + forMs;
  while (performance.now() < untilMs);
};

describe('before the first byte', () => {
  test('a process that stood still after its gate, while kill answered, sends nothing', async () => {
    const receiver = await startReceiver(answering(answer(200)));
    const watch = createFlagWatch(database.pool);
    try {
      const outcome = await watch.during('default', async (killed) => {
        const gateAtMs = performance.now();
        const plain = createExchange(createSsrfGuard([receiver.host]), async () => new Uint8Array());
        const exchange = askingBefore(plain, () => watch.lookedAtRecently(gateAtMs));
        await kill();
        standStill(700);
        return exchange.send(requestOf(renderWebhook({ url: `http://${receiver.host}/`, body: 1 })), {
          signal: killed,
        });
      });
      // By the last question, or by the watch, whichever comes first.
      expect(outcome.kind).toBe('not_sent');
      expect(receiver.requests().join('')).toBe('');
    } finally {
      await receiver.close();
    }
  });

  test('a look within the last 500 ms is enough, the gate’s own among them', async () => {
    const pool = createPool({ databaseUrl: 'postgresql://nobody@127.0.0.1:1/none', applicationName: 'aol-test' });
    const watch = createFlagWatch(pool);
    await watch.lookedAtRecently(performance.now() - 300);
    await expect(watch.lookedAtRecently(performance.now() - 600)).rejects.toBeInstanceOf(UnavailableError);
    await pool.end();
  });

  test('an old look is renewed, and then it is recent for all', async () => {
    const watch = createFlagWatch(database.pool);
    await watch.lookedAtRecently(Number.NEGATIVE_INFINITY);
    await watch.lookedAtRecently(Number.NEGATIVE_INFINITY);
  });
});

test('a kill aborts what runs, and tells why', async () => {
  const watch = createFlagWatch(database.pool);
  const reason = await watch.during('default', async (killed) => {
    await kill();
    if (!killed.aborted) await once(killed, 'abort');
    return killed.reason;
  });
  expect(reason).toBeInstanceOf(KilledError);
});
