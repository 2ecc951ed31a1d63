/** An adapter that sends its request as it should and then ends in one of the ways of F-16. */

import process from 'node:process';
import { z } from 'zod';
import { defineAdapter, jsonBodyOf, jsonEffect } from '../../../src/adapters/port.ts';
import { registerAdapter } from '../../../src/adapters/registry.ts';
import { jsonObjectSchema } from '../../../src/contracts/http/json.ts';
import type { AttemptOutcome } from '../../../src/domain/outcomes.ts';

export const WICKED_WAYS = [
  'string',
  'null',
  'undefined',
  'nothing',
  'never',
  'bigint',
  'circular',
  'huge',
  'no text',
  'exit',
] as const;
export type WickedWay = (typeof WICKED_WAYS)[number];

const payloadSchema = z.strictObject({
  url: z.string(),
  way: z.enum(WICKED_WAYS),
  where: z.enum(['render', 'perform']),
  dedupes: z.boolean(),
});
type Payload = z.output<typeof payloadSchema>;

const FIVE_MIB = 5 * 1024 * 1024;

/** Throws, ends the process, or answers what is no outcome or cannot be stored. */
function misbehave(way: WickedWay): AttemptOutcome | Promise<never> {
  const circle: Record<string, unknown> = {};
  circle.circle = circle;
  switch (way) {
    case 'string':
      throw 'a bare string';
    case 'null':
      throw null;
    case 'undefined':
      throw undefined;
    case 'nothing':
      return JSON.parse('null');
    case 'never':
      return new Promise<never>(() => undefined);
    case 'bigint':
      return { kind: 'done', receipt: { big: 1n } };
    case 'circular':
      return { kind: 'done', receipt: circle };
    case 'huge':
      throw new Error('x'.repeat(FIVE_MIB));
    case 'no text':
      return Promise.reject({ toString: () => circle });
    case 'exit':
      process.exit(1);
  }
}

export const wickedAdapter = () =>
  registerAdapter(
    defineAdapter<Payload>({
      contract: {
        type: 'BE_WICKED',
        title: 'Be wicked',
        performs: true,
        payload: payloadSchema,
        example: { url: 'http://127.0.0.1:1/', way: 'string', where: 'perform', dedupes: false },
      },
      version: 1,
      redelivery: ({ dedupes }) =>
        dedupes ? { kind: 'dedupes', windowMs: 3_600_000, settleMs: 0 } : { kind: 'neither' },
      render(payload, { providerKey }) {
        if (payload.where === 'render') misbehave(payload.way);
        return jsonEffect({
          type: 'BE_WICKED',
          adapterVersion: 1,
          summary: `be wicked: ${payload.way}`,
          url: payload.url,
          headers: { 'idempotency-key': providerKey },
          body: jsonObjectSchema.parse(payload),
        });
      },
      async perform(effect, { providerKey }): Promise<AttemptOutcome> {
        const { url, way } = payloadSchema.parse(jsonBodyOf(effect));
        const response = await fetch(url, { method: 'POST', headers: { 'idempotency-key': providerKey }, body: '{}' });
        await response.body?.cancel();
        return misbehave(way);
      },
    }),
  );
