import { describe, expect, jest, test } from '@jest/globals';
import { z } from 'zod';
import {
  createBuiltInAdapters,
  createRegistry,
  defineAdapter,
  type Effect,
  MAX_EFFECT_BYTES,
  RenderError,
  registerAdapter,
  renderArtifact,
} from '../../src/adapters/index.ts';
import { builtInContracts } from '../../src/contracts/payloads/index.ts';
import { AolError, InvalidRequestError, UnknownTypeError } from '../../src/domain/errors.ts';
import { performContext, SAMPLE_CONTEXT } from '../support/contexts.ts';

const builtInAdapters = createBuiltInAdapters();

const good: Effect = {
  type: 'NOTE',
  adapterVersion: 1,
  summary: 'Note',
  request: {
    protocol: 'http',
    method: 'POST',
    url: 'https://example.com/',
    headers: { authorization: '<added at sending: authorization>' },
    body: { kind: 'json', value: { text: 'Hi' } },
  },
  account: null,
  preparations: [],
  blobs: [],
  addedAtSending: ['headers.authorization'],
};

function note(render: () => unknown, more: { type?: string; version?: number } = {}) {
  const adapter = defineAdapter<{ text: string }>({
    contract: {
      type: more.type ?? 'NOTE',
      title: 'Note',
      payload: z.strictObject({ text: z.string() }),
      example: { text: 'Hi' },
    },
    version: more.version ?? 1,
    redelivery: () => ({ kind: 'neither' }),
    configured: () => ({ real: false, missing: [] }),
    render: () => good,
  });
  Reflect.set(adapter, 'render', render);
  return adapter;
}

const rendering = (render: () => unknown) => () =>
  renderArtifact(registerAdapter(note(render)), { text: 'Hi' }, SAMPLE_CONTEXT);

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

async function rejectedBy(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('nothing was thrown');
    },
    (error: unknown) => error,
  );
}

describe('registry', () => {
  test('finds what was registered, and names what was not', () => {
    const registry = createRegistry([...builtInAdapters, note(() => good)]);
    expect(registry.adapters.map(({ type }) => type)).toEqual([
      'POST_SOCIAL',
      'CALL_WEBHOOK',
      'SEND_EMAIL',
      'POST_CHAT',
      'GENERATE_TEXT',
      'NOTE',
    ]);
    expect(registry.get('NOTE').canPerform).toBe(false);
    expect(registry.get('NOTE').perform).toBeUndefined();
    for (const type of ['NOPE', '__proto__', 'note', '', 'x'.repeat(10_000)]) {
      const error = thrownBy(() => registry.get(type));
      expect(error).toBeInstanceOf(UnknownTypeError);
      expect(String(error).length).toBeLessThan(200);
    }
  });

  test.each([
    ['two of one type', () => [note(() => good), note(() => good)]],
    ['one of a built-in type', () => [...builtInAdapters, note(() => good, { type: 'POST_SOCIAL' })]],
    ['a type in lower case', () => [note(() => good, { type: 'note' })]],
    ['a version of 0', () => [note(() => good, { version: 0 })]],
  ])('refuses %s at start-up', (_name, adapters) => {
    expect(() => createRegistry(adapters())).toThrow(UnknownTypeError);
  });

  test('the API knows of each built-in type, and whether it performs', () => {
    const known = builtInContracts.map(({ type, performs }) => [type, performs]);
    expect(builtInAdapters.map(({ type, canPerform }) => [type, canPerform])).toEqual(known);
    expect(builtInAdapters.map(({ contract }) => contract.performs)).toEqual(known.map(([, performs]) => performs));
  });

  test('malformed settings stop the start, and name their variable', () => {
    const wrong = { allow: '10.0.0.0/8', signingSecrets: ['whsec_short'] };
    expect(() => createBuiltInAdapters({ webhook: { allow: wrong.allow } })).toThrow(/^AOL_WEBHOOK_ALLOW/u);
    const secret = thrownBy(() => createBuiltInAdapters({ webhook: { signingSecrets: wrong.signingSecrets } }));
    expect(String(secret)).toMatch(/AOL_WEBHOOK_SECRET/u);
    expect(String(secret)).not.toContain('short');
  });

  test('perform and reconcile keep their adapter', async () => {
    const adapter = { ...note(() => good), receipt: 'r1' };
    const performing = Object.assign(adapter, {
      async perform(this: { receipt: string }) {
        return { kind: 'done' as const, receipt: { id: this.receipt } };
      },
    });
    const registered = registerAdapter(performing);
    const context = performContext();
    expect(registered.canPerform).toBe(true);
    expect(await registered.perform?.(good, context)).toEqual({ kind: 'done', receipt: { id: 'r1' } });
  });

  test('a payload that is older than its schema is an invalid request, field by field', async () => {
    const error = await rejectedBy(renderArtifact(registerAdapter(note(() => good)), { words: 'Hi' }, SAMPLE_CONTEXT));
    expect(error).toBeInstanceOf(InvalidRequestError);
    expect(error).toMatchObject({
      problems: [
        { field: 'payload.text', rule: 'is required' },
        { field: 'payload.words', rule: 'is not a field of this type' },
      ],
    });
  });
});

describe('rendering protects the engine', () => {
  test('a good effect comes through', async () => {
    const { effect, bytes, sha256 } = await rendering(() => good)();
    expect(effect).toEqual(good);
    expect(bytes.length).toBeGreaterThan(100);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/u);
  });

  const cycle = { ...good, again: {} };
  cycle.again = cycle;
  const body = (value: unknown) => ({ ...good, request: { ...good.request, body: { kind: 'json', value } } });
  const FILE = { kind: 'blob', sha256: 'a'.repeat(64) };
  let deep: unknown = 'x';
  for (let level = 0; level < 10_000; level += 1) deep = [deep];

  test.each<[string, () => unknown]>([
    ['undefined', () => undefined],
    ['null', () => null],
    ['a text', () => 'effect'],
    ['a number', () => 5],
    ['a promise of nothing', async () => undefined],
    ['a promise that fails', () => Promise.reject(new RenderError('late'))],
    ['a cycle', () => cycle],
    ['a BigInt', () => body(5n)],
    ['NaN', () => body(Number.NaN)],
    ['a number beyond 2^53', () => body(2 ** 60)],
    ['undefined inside', () => body({ a: undefined })],
    ['a function', () => body(() => 1)],
    ['a symbol', () => body(Symbol('s'))],
    ['a date', () => body(new Date(0))],
    ['a map', () => body(new Map())],
    ['a toJSON', () => body({ toJSON: () => 'other' })],
    ['NUL', () => body('a\u0000')],
    ['a lone surrogate', () => body('a\ud800')],
    ['a lone surrogate in a name', () => body({ '\ud800': 1 })],
    ['an abyss', () => body(deep)],
    ['more than 1 MiB', () => body('x'.repeat(MAX_EFFECT_BYTES))],
    ['more than 1 MiB in UTF-8', () => body('€'.repeat(MAX_EFFECT_BYTES / 2))],
    ['a sparse giant', () => body(new Array(2 ** 32 - 1))],
    [
      'a getter that throws',
      () => ({
        get type() {
          throw new Error('trap');
        },
      }),
    ],
    [
      'a proxy that throws',
      () =>
        new Proxy(
          {},
          {
            ownKeys: () => {
              throw 'trap';
            },
          },
        ),
    ],
    [
      'a revoked proxy',
      () => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      },
    ],
    ['another type', () => ({ ...good, type: 'OTHER' })],
    ['another version', () => ({ ...good, adapterVersion: 2 })],
    ['an unknown field', () => ({ ...good, secret: 1 })],
    ['a header with a line break', () => ({ ...good, request: { ...good.request, headers: { a: 'b\r\nc: d' } } })],
    ['a path without a placeholder', () => ({ ...good, addedAtSending: ['body.value.text'] })],
    ['a path to nowhere', () => ({ ...good, addedAtSending: ['headers.__proto__.x'] })],
    ['a result of no preparation', () => body({ id: '<result of upload-1: id>' })],
    ['a file that it does not name', () => ({ ...good, request: { ...good.request, body: FILE } })],
    [
      'an account that was not given',
      () => ({ ...good, account: { name: 'a', provider: 'b', identity: 'c', server: 'd' } }),
    ],
  ])('returned: %s', async (_name, render) => {
    const error = await rejectedBy(rendering(render)());
    expect(error).toBeInstanceOf(RenderError);
    expect(String(error).length).toBeLessThan(2_100);
  });

  test.each<[string, unknown]>([
    ['a text', 'trouble'],
    ['null', null],
    ['undefined', undefined],
    ['a long error', new Error('x'.repeat(1_000_000))],
    ['an error without a text', new Error('')],
    ['an error with NUL', new Error('a\u0000b\ud800')],
    ['an object without a prototype', Object.create(null)],
    [
      'an object that fights',
      {
        toString: () => {
          throw new Error('no');
        },
      },
    ],
    [
      'an error whose message fights',
      Object.defineProperty(new Error('x'), 'message', {
        get: () => {
          throw new Error('no');
        },
      }),
    ],
    ['an error whose message is no text', Object.defineProperty(new Error('x'), 'message', { value: { length: 1 } })],
    ['a symbol', Symbol('s')],
  ])('thrown: %s', async (_name, thrown) => {
    const error = await rejectedBy(
      rendering(() => {
        throw thrown;
      })(),
    );
    expect(error).toBeInstanceOf(AolError);
    if (!(error instanceof AolError)) return;
    expect(error.message).not.toBe('');
    expect(error.message.length).toBeLessThanOrEqual(2_000);
    expect(error.message.includes('\u0000') || !error.message.isWellFormed()).toBe(false);
  });

  test('a promise of an effect comes through, and one that never ends does not hold its tick', async () => {
    expect((await rendering(async () => good)()).effect).toEqual(good);
    jest.useFakeTimers();
    try {
      const rejected = rejectedBy(rendering(() => new Promise(() => undefined))());
      await jest.advanceTimersByTimeAsync(5_000);
      expect(await rejected).toMatchObject({ message: 'rendering took longer than 5000 ms' });
    } finally {
      jest.useRealTimers();
    }
  });

  test('infinite recursion in an adapter is that action’s alone', async () => {
    const recurse = (): unknown => [recurse()];
    expect(await rejectedBy(rendering(recurse)())).toBeInstanceOf(RenderError);
  });
});
