/** No budget is exceeded, whoever comes at the same time. */

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { listBudgets } from '../../src/db/look/budgets.ts';
import { recordAttempts } from '../../src/db/queue/attempts.ts';
import { type GateAnswer, type GateRequest, passGate, passGates } from '../../src/db/queue/gate.ts';
import type { BudgetScope, BudgetSpan, BudgetUnit } from '../../src/domain/budgets.ts';
import { UnavailableError } from '../../src/domain/errors.ts';
import type { AttemptOutcome } from '../../src/domain/outcomes.ts';
import {
  countersAreTheLog,
  db,
  done,
  forgetAll,
  held,
  leaveNoRoom,
  limit,
  notSent,
  rejected,
  unknown,
  useBudgetDatabase,
  used,
  web,
} from '../support/budget-scene.ts';

useBudgetDatabase();

describe('at the same time', () => {
  const NAMES = ['a.example', 'b.example', 'c.example'];
  const draws = fc.uniqueArray(
    fc.record({
      scope: fc.constantFrom<BudgetScope>('type', 'domain', 'host'),
      name: fc.constantFrom(...NAMES),
      effects: fc.integer({ min: 1, max: 3 }),
      // No outcome costs more than it might have.
      microUsd: fc.integer({ min: 4, max: 50 }),
    }),
    { minLength: 1, maxLength: 4, selector: ({ scope, name }) => `${scope} ${name}` },
  );
  const limits = fc.uniqueArray(
    fc.record({
      scope: fc.constantFrom<BudgetScope>('type', 'domain', 'host'),
      name: fc.constantFrom('*', ...NAMES),
      span: fc.constantFrom<BudgetSpan>('hour', 'day', 'month'),
      unit: fc.constantFrom<BudgetUnit>('effects', 'microUsd'),
      most: fc.integer({ min: 0, max: 40 }),
    }),
    { minLength: 1, maxLength: 5, selector: ({ scope, name, span, unit }) => `${scope} ${name} ${span} ${unit}` },
  );
  const outcomes = fc.constantFrom<AttemptOutcome | undefined>(
    done,
    notSent,
    unknown,
    rejected,
    { kind: 'done', receipt: { price: { usd: 0.000_004 } } },
    // Its worker was killed.
    undefined,
  );

  test('no budget is exceeded, each counter is what the log says, and nobody waits for somebody who waits', async () => {
    const kinds = new Set<string>();
    const scenario = fc.record({
      before: limits,
      meanwhile: limits,
      ticks: fc.array(fc.array(fc.record({ draws, outcome: outcomes }), { minLength: 1, maxLength: 8 }), {
        minLength: 2,
        maxLength: 6,
      }),
    });
    await fc.assert(
      fc.asyncProperty(scenario, async ({ before, meanwhile, ticks }) => {
        await forgetAll();
        for (const { scope, name, most, span, unit } of before) await limit(scope, name, most, span, unit);
        const set = Promise.all(
          meanwhile.map(({ scope, name, most, span, unit }) => limit(scope, name, most, span, unit)),
        );
        const run = async (tick: (typeof ticks)[number]) => {
          const requests = await held(tick.map((effect) => effect.draws));
          const answers: GateAnswer[] = await passGates(db, requests);
          for (const { kind } of answers) kinds.add(kind);
          const ended = tick.flatMap(({ outcome }, index) => {
            const [request, answer] = [requests[index], answers[index]];
            if (!request || answer?.kind !== 'open' || !outcome) return [];
            const decision = { to: 'RETRY', delayMs: 0 } as const;
            const success = { to: 'SUCCESS' } as const;
            return [
              {
                ...request,
                attempt: answer.attempt,
                outcome,
                durationMs: 1,
                decision: outcome.kind === 'done' ? success : decision,
              },
            ];
          });
          const lacking = requests.flatMap((request, index) => {
            const answer = answers[index];
            return answer?.kind === 'no_room' ? [leaveNoRoom(request, answer)] : [];
          });
          if (ended.length > 0) lacking.push(recordAttempts(db, ended).then(() => undefined));
          await Promise.all(lacking);
        };
        await Promise.all([set, ...ticks.map(run)]);
        const { items } = await listBudgets(db, {});
        for (const { scope, name, span, unit, limit: most, used: has } of items) {
          const was = before.some((one) => one.scope === scope && one.span === span && one.unit === unit);
          const isTightened = meanwhile.some((one) => one.scope === scope && one.span === span && one.unit === unit);
          // What was set meanwhile may find more than it lets pass from then on.
          if (was && !isTightened)
            expect([scope, name, span, unit, has]).toEqual([scope, name, span, unit, Math.min(has, most)]);
        }
        await countersAreTheLog();
      }),
      { numRuns: 40 },
    );
    expect([...kinds].sort()).toEqual(['no_room', 'open']);
  }, 120_000);

  test('of thirty that come at once, through as many connections, as many pass as there is room for', async () => {
    await limit('type', 'CALL_WEBHOOK', 11);
    const requests = await held(Array.from({ length: 30 }, () => web()));
    // Whoever waits too long for the counter asks again, as a worker does.
    const ask = async (request: GateRequest): Promise<GateAnswer> => {
      for (;;) {
        try {
          return await passGate(db, request);
        } catch (error) {
          if (!(error instanceof UnavailableError)) throw error;
        }
      }
    };
    const answers = await Promise.all(requests.map(ask));
    expect(answers.filter(({ kind }) => kind === 'open')).toHaveLength(11);
    expect(await used('type', 'CALL_WEBHOOK')).toEqual([11]);
  });
});
