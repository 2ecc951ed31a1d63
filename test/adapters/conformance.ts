/** What every adapter must pass: `describeAdapter(adapter, samples)`. */

import dns from 'node:dns';
import { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { type AnyAdapter, registerAdapter, renderArtifact } from '../../src/adapters/index.ts';
import { holdsPlaceholder } from '../../src/adapters/placeholder.ts';
import { AolError } from '../../src/domain/errors.ts';
import { canonicalJson, sha256Hex } from '../../src/domain/hashing.ts';
import { type AdapterSamples, adapterChecks } from '../../src/testing/index.ts';
import { accountFor, SAMPLE_CONTEXT } from '../support/contexts.ts';

const CANARY = 'canary-0f9c1d7e';

/**
 * @param samples payloads that pass the adapter's schema: one for each thing that it can do
 * @param given what performing needs; with it the checks of `aol/testing` are run too
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

    for (const { name, run } of given ? adapterChecks(adapter, { samples, ...given }) : []) test(name, run);

    test.each(payloads)('%s: passes the schema', (_name, payload) => {
      expect(registered.contract.check(payload)).toEqual({ ok: true, payload });
    });

    test.each(payloads)('%s: renders the same canonical bytes each time, at any hour', async (_name, payload) => {
      const first = await renderArtifact(registered, payload, contextFor(payload));
      const realRandom = Math.random;
      jest.useFakeTimers({ now: Date.now() + 86_400_000, doNotFake: ['nextTick', 'setImmediate'] });
      Math.random = () => 0.123;
      try {
        // Not structuredClone: under jest its objects are of another realm, and no plain ones here.
        const copy: unknown = JSON.parse(JSON.stringify(payload));
        const again = await renderArtifact(registered, copy, contextFor(copy));
        expect(again.sha256).toBe(first.sha256);
      } finally {
        jest.useRealTimers();
        Math.random = realRandom;
      }
      const text = new TextDecoder('utf-8', { fatal: true }).decode(first.bytes);
      expect(first.sha256).toBe(sha256Hex(first.bytes));
      expect(canonicalJson(JSON.parse(text))).toBe(text);
      expect(JSON.parse(text)).toEqual(first.effect);
    });

    test.each(payloads)(
      '%s: names itself, says what it does in a line, and has its placeholders',
      async (_name, payload) => {
        const { effect } = await renderArtifact(registered, payload, contextFor(payload));
        expect(effect).toMatchObject({ type: registered.type, adapterVersion: registered.version });
        expect(effect.summary).toMatch(/^[^\n]{3,200}$/u);
        expect(new Set(effect.addedAtSending).size).toBe(effect.addedAtSending.length);
        for (const path of effect.addedAtSending)
          expect([path, holdsPlaceholder(effect.request, path)]).toEqual([path, true]);
        expect(['dedupes', 'harmless', 'neither']).toContain(registered.redelivery(payload).kind);
      },
    );

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

    test('whatever the payload is, an effect or a named error comes of it', async () => {
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
