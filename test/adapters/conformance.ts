/** The checks of `aol/testing`, and what only a runner of tests can see: `describeAdapter(adapter, samples)`. */

import dns from 'node:dns';
import { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type AnyAdapter, registerAdapter, renderArtifact } from '../../src/adapters/index.ts';
import { AolError } from '../../src/domain/errors.ts';
import { sha256Hex } from '../../src/domain/hashing.ts';
import { type AdapterSamples, adapterChecks, renderingChecks } from '../../src/testing/index.ts';
import { accountFor, SAMPLE_CONTEXT } from '../support/contexts.ts';

const CANARY = 'canary-0f9c1d7e';

/**
 * @param samples payloads that pass the adapter's schema: one for each thing that it can do
 * @param given what performing needs; without it only the checks that send nothing are run
 */
export function describeAdapter(
  adapter: AnyAdapter,
  samples: Readonly<Record<string, unknown>>,
  given?: Omit<AdapterSamples, 'samples'>,
): void {
  const registered = registerAdapter(adapter);
  const contextFor = (payload: unknown) => ({ ...SAMPLE_CONTEXT, account: accountFor(registered, payload) });
  const payloads = Object.entries({ ...samples, example: adapter.contract.example });

  describe(`${registered.type} as an adapter`, () => {
    const outside = forbidConnections();

    const all = { samples, blobs: SAMPLE_CONTEXT.blobs, ...given };
    const checks = given ? adapterChecks(adapter, all) : renderingChecks(adapter, all);
    for (const { name, run } of checks) test(name, run);

    test.each(payloads)('%s: the hash is of the bytes that are stored', async (_name, payload) => {
      const { bytes, sha256, effect } = await renderArtifact(registered, payload, contextFor(payload));
      expect(sha256).toBe(sha256Hex(bytes));
      expect(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))).toEqual(effect);
    });

    test('holds no secret: variables of the environment never reach an artifact', async () => {
      const { missing } = registered.configured();
      for (const name of missing) setVariable(name, `${CANARY}-${name}`);
      try {
        for (const [, payload] of payloads) {
          const { bytes } = await renderArtifact(registered, payload, contextFor(payload));
          expect(new TextDecoder().decode(bytes)).not.toContain(CANARY);
        }
        expect(JSON.stringify(registered.configured())).not.toContain(CANARY);
      } finally {
        for (const name of missing) setVariable(name, undefined);
      }
    });

    test('says what REAL misses, by names of variables', () => {
      const { real, missing } = registered.configured();
      expect(real).toBe(missing.length === 0 && registered.canPerform);
      for (const name of missing) expect(name).toMatch(/^[A-Z][A-Z0-9_]*$/u);
    });

    test('of random payloads too an effect or a named error comes', async () => {
      const known = payloads.map(([, payload]) => payload);
      const names = [...new Set(known.flatMap((payload) => Object.keys(Object(payload))))];
      const hostile = fc.oneof(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withSparseArray: true }),
        fc
          .tuple(fc.constantFrom(...known), fc.constantFrom(...names, '__proto__', 'toJSON'), fc.anything())
          .map(([payload, name, value]) => ({ ...Object(payload), [name]: value })),
        fc
          .tuple(fc.constantFrom(...known), fc.constantFrom(...names), fc.string({ unit: 'binary', maxLength: 400 }))
          .map(([payload, name, value]) => ({ ...Object(payload), [name]: value })),
      );
      await fc.assert(
        fc.asyncProperty(hostile, async (payload) => {
          try {
            expect((await renderArtifact(registered, payload, contextFor(payload))).bytes.length).toBeGreaterThan(0);
          } catch (error) {
            if (!(error instanceof AolError)) throw error;
            expect(error.message.length).toBeLessThanOrEqual(2_000);
          }
        }),
        { numRuns: 500 },
      );
    });

    afterEach(() => expect(outside.attempts()).toBe(0));
  });
}

function setVariable(name: string, value: string | undefined): void {
  const environment = Reflect.get(process, 'env');
  if (value === undefined) Reflect.deleteProperty(environment, name);
  else Reflect.set(environment, name, value);
}

/** Makes every connection and look-up fail, and counts them: a proof touches nothing outside (promise 5). */
function forbidConnections(): { attempts(): number } {
  let attempts = 0;
  const refuse = () => {
    attempts += 1;
    throw new Error('a proof tried to reach the outside');
  };
  const { connect } = Socket.prototype;
  const { lookup } = dns;
  const { fetch } = globalThis;
  beforeAll(() => {
    Socket.prototype.connect = refuse;
    Reflect.set(dns, 'lookup', refuse);
    globalThis.fetch = refuse;
  });
  afterAll(() => {
    Socket.prototype.connect = connect;
    Reflect.set(dns, 'lookup', lookup);
    globalThis.fetch = fetch;
  });
  return { attempts: () => attempts };
}
