import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isLoopback } from '../../src/domain/addresses.ts';
import * as errors from '../../src/domain/errors.ts';
import { ATTEMPT_CLOSING_EVENTS, ATTEMPT_OPENING_EVENT, LOG_EVENTS } from '../../src/domain/events.ts';
import { canonicalJson, sha256Hex } from '../../src/domain/hashing.ts';
import { isBalanced, QUIET_OUTCOMES, TICK_OUTCOMES } from '../../src/domain/ledger.ts';
import { hasRight, lacksRight, RIGHT_NAMES, ROLES, type Role } from '../../src/domain/roles.ts';

describe('hashing', () => {
  test('SHA-256 of the empty text is the well-known one', () => {
    expect(sha256Hex('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  test('canonical JSON does not depend on the order of fields', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(turned)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('what has no JSON form is refused', () => {
    expect(() => canonicalJson(undefined)).toThrow(errors.InvalidRequestError);
  });
});

describe('the ledger', () => {
  test('a row balances when everything claimed is accounted for', () => {
    const counts = { claimed: 6, succeeded: 1, failed: 1, retried: 1, released: 1, awaiting: 1, running: 1 };
    expect(isBalanced(counts)).toBe(true);
    expect(isBalanced({ ...counts, running: 0 })).toBe(false);
  });

  test('quiet outcomes are outcomes', () => {
    for (const outcome of QUIET_OUTCOMES) expect(TICK_OUTCOMES).toContain(outcome);
  });
});

test('events that open and close attempts are events of the log', () => {
  for (const event of [ATTEMPT_OPENING_EVENT, ...ATTEMPT_CLOSING_EVENTS]) expect(LOG_EVENTS).toContain(event);
  expect(ATTEMPT_CLOSING_EVENTS).not.toContain(ATTEMPT_OPENING_EVENT);
});

describe('roles', () => {
  const rightsOf = (role: Role) => RIGHT_NAMES.filter((right) => hasRight(role, right)).join(' ');

  test('are no ladder: an agent queues and does not approve, an approver the other way round', () => {
    expect(Object.fromEntries(ROLES.map((role) => [role, rightsOf(role)]))).toEqual({
      viewer: 'read',
      agent: 'read queue cancelOwn stop',
      approver: 'read stop approve',
      operator: 'read queue queueUnapproved cancelOwn cancelAny stop approve operate',
      admin: 'read queue queueUnapproved cancelOwn cancelAny stop approve operate administer',
    });
  });

  test('a refusal names the right and the roles that have it', () => {
    expect(lacksRight('agent', 'approve')).toBe(
      "this needs the right to approve, reject, promote, revise and reschedule: one of the roles approver, operator, admin; the token's role is agent",
    );
    expect(lacksRight('operator', 'administer')).toContain(': the role admin;');
  });
});

describe('errors', () => {
  test('codes are stable and unique, and names are those of the classes', () => {
    const samples = [
      new errors.InvalidRequestError('m'),
      new errors.UnprocessableError('m'),
      new errors.RealUnavailableError('m'),
      new errors.UnauthenticatedError('m'),
      new errors.ForbiddenError('m'),
      new errors.NotFoundError('m'),
      new errors.KeyConflictError('id'),
      new errors.StateConflictError('m', 'SUCCESS'),
      new errors.VersionConflictError('m', 1),
      new errors.UnavailableError('postgres', 'm'),
      new errors.LeaseLostError('m'),
      new errors.ConfigurationError('AOL_DATA_DIR', 'm'),
      new errors.PayloadKeyError('m'),
      new errors.UnknownTypeError('m'),
      new errors.ArtifactError('m'),
    ];
    expect(new Set(samples.map((error) => error.code)).size).toBe(samples.length);
    for (const error of samples) expect(error.name).toBe(error.constructor.name);
  });

  test('docs/errors.md names every code of a class, and no code that nothing raises', () => {
    const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
    const documented = [...page.matchAll(/^\| `(AOL_[A-Z_]+)`/gm)].map((row) => row[1] ?? '');
    const source = new URL('../../src/', import.meta.url);
    const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    const text = files.map((file) => readFileSync(new URL(file, source), 'utf8')).join('\n');
    const ofClasses = [...text.matchAll(/code(?:: string)? = '(AOL_[A-Z_]+)'/g)].map((match) => match[1] ?? '');
    expect(ofClasses.length).toBeGreaterThan(10);
    expect(ofClasses.filter((code) => !documented.includes(code))).toEqual([]);
    expect(documented.filter((code) => !text.includes(`'${code}'`))).toEqual([]);
  });

  test('a configuration error names its variable once', () => {
    expect(new errors.ConfigurationError('A_B', 'must be a port').message).toBe('A_B: must be a port');
    expect(new errors.ConfigurationError('A_B', 'A_B is wrong').message).toBe('A_B is wrong');
  });

  test.each([
    [new Error('boom'), 'boom'],
    ['text', 'text'],
    [null, 'thrown: null'],
    [undefined, 'thrown: undefined'],
    [Object.create(null), 'thrown: a value that has no text'],
  ])('the text of %p is %p', (thrown, text) => {
    expect(errors.errorText(thrown)).toBe(text);
  });

  test('a text of megabytes is cut', () => {
    const text = errors.errorText(new Error('x'.repeat(5_000_000)));
    expect(text).toHaveLength(2_000);
    expect(text.endsWith('…')).toBe(true);
  });
});

test('this machine’s own names are loopback, and others that look like them are not', () => {
  const names = [
    '127.0.0.1',
    '127.8.8.8',
    '[::1]',
    'localhost',
    'localhost.example.com',
    '10.0.0.1',
    'aol.example.com',
  ];
  expect(names.filter(isLoopback)).toEqual(['127.0.0.1', '127.8.8.8', '[::1]', 'localhost']);
});
