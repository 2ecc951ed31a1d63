/** An adapter whose provider is played by the test: what each action's attempts do is told by its payload. */

import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { defineAdapter, jsonBodyOf, jsonEffect, type PerformContext } from '../../src/adapters/port.ts';
import { jsonObjectSchema } from '../../src/contracts/http/json.ts';
import type { AttemptOutcome, Redelivery } from '../../src/domain/outcomes.ts';

const act = z.enum(['junk', 'bigint', 'done', 'not_sent', 'rejected', 'unknown', 'throw', 'hang', 'deaf', 'slow']);
export type Act = z.output<typeof act>;

const payloadSchema = z.strictObject({
  name: z.string(),
  /** What the first, second, third attempt does; the last one goes on for ever. */
  acts: z.array(act).min(1),
  redelivery: z.enum(['dedupes', 'reconciles', 'neither']).default('neither'),
  reconciled: z.enum(['done', 'not_sent', 'unknown']).default('unknown'),
  retryAfterMs: z.int().optional(),
});

export interface Performance {
  readonly name: string;
  readonly attempt: number;
  readonly key: string;
  readonly atMs: number;
}

/** The adapter, and what it was made to perform. */
export function createStage() {
  const performances: Performance[] = [];
  const aborted: string[] = [];
  const adapter = defineAdapter({
    contract: {
      type: 'PLAY',
      title: 'Play',
      performs: true,
      payload: payloadSchema,
      example: { name: 'a', acts: ['done' as const], redelivery: 'neither' as const, reconciled: 'unknown' as const },
    },
    version: 1,
    redelivery: (payload): Redelivery =>
      payload.redelivery === 'dedupes' ? { kind: 'dedupes', windowMs: 3_600_000, settleMs: 0 } : { kind: 'neither' },
    render: (payload, context) =>
      jsonEffect({
        type: 'PLAY',
        adapterVersion: 1,
        summary: `play ${payload.name}`,
        url: 'https://stage.example',
        headers: { key: context.providerKey },
        body: jsonObjectSchema.parse(payload),
      }),
    async perform(effect, context): Promise<AttemptOutcome> {
      const payload = payloadSchema.parse(jsonBodyOf(effect));
      performances.push({ name: payload.name, attempt: context.attempt, key: context.providerKey, atMs: Date.now() });
      const played = performances.filter(({ name }) => name === payload.name).length;
      return play(payload.acts[Math.min(played, payload.acts.length) - 1] ?? 'done', payload, context, aborted);
    },
    async reconcile(effect) {
      const { reconciled } = payloadSchema.parse(jsonBodyOf(effect));
      if (reconciled === 'unknown') return { kind: 'cannot_tell', reason: 'it keeps no list' };
      return reconciled === 'done' ? { kind: 'happened', receipt: { reconciled: true } } : { kind: 'did_not_happen' };
    },
  });
  return { adapter, performances, aborted };
}

async function play(
  what: Act,
  payload: z.output<typeof payloadSchema>,
  context: PerformContext,
  aborted: string[],
): Promise<AttemptOutcome> {
  switch (what) {
    case 'junk':
      return JSON.parse('{"kind":"perhaps"}');
    case 'bigint':
      return { kind: 'done', receipt: { big: 1n } };
    case 'done':
      return { kind: 'done', receipt: { attempt: context.attempt } };
    case 'not_sent':
      return {
        kind: 'not_sent',
        reason: 'connection refused',
        ...(payload.retryAfterMs === undefined ? {} : { retryAfterMs: payload.retryAfterMs }),
      };
    case 'rejected':
      return { kind: 'rejected', reason: '400 bad request' };
    case 'unknown':
      return { kind: 'unknown', reason: 'reset after the request was written' };
    case 'throw':
      throw new Error('a bug in the adapter\u0000\ud800');
    case 'slow':
      await delay(1_500);
      return { kind: 'done', receipt: { attempt: context.attempt } };
    case 'hang':
      await new Promise<void>((resolve) => context.signal.addEventListener('abort', () => resolve(), { once: true }));
      aborted.push(payload.name);
      return { kind: 'unknown', reason: 'aborted while it was sent' };
    case 'deaf':
      await delay(60_000, undefined, { ref: false });
      return { kind: 'done', receipt: {} };
  }
}
