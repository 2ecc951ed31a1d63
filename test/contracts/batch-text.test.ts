import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseBatchText } from '../../src/contracts/http/batch-text.ts';

const nothing = () => Promise.resolve();
const parse = (text: string) => parseBatchText(text, nothing);
const SPACES = ['', ' ', '\n\t'] as const;
/** What JSON.stringify writes, and texts that look like its parts. */
const values = fc.jsonValue({
  maxDepth: 4,
  stringUnit: fc.constantFrom('"', '\\', ',', '[', ']', '{', '}', ':', 'a', 'ü'),
});
/** Names and numbers that are refused elsewhere: those that would change, or that JSON cannot hold exactly. */
const isOdd = (text: string) => /__proto__|prototype|-0(?![.\d])|\de|\d{16}/i.test(text);

describe('parseBatchText', () => {
  test('answers what JSON.parse does, whatever the items hold', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(values, { maxLength: 5 }), fc.constantFrom(...SPACES), async (actions, space) => {
        const inner = actions.map((value) => `${space}${JSON.stringify(value, null, space)}${space}`).join();
        const text = `${space}{${space}"actions"${space}:${space}[${inner}]${space}}${space}`;
        fc.pre(!isOdd(text));
        expect(await parse(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  test.each([
    ['other names beside the actions', '{"a":[1,"]"],"actions":[{"b":[]}],"c":{"d":[2]},"e":"[\\"]"}'],
    ['no actions', '{}'],
    ['no items', '{"actions":[]}'],
    ['no list', '{"actions":{"a":1}}'],
    ['no object', '[[1,2],3]'],
    ['a text', '"{[,]}"'],
  ])('%s', async (_, text) => {
    expect(await parse(text)).toEqual(JSON.parse(text));
  });

  test.each([
    ['a comma too many', '{"actions":[1,]}', 'body'],
    ['an item that is missing', '{"actions":[1,,2]}', 'body'],
    ['an end that is missing', '{"actions":[{"a":1}', 'body'],
    ['a bracket too many', '{"actions":[1]]}', 'body'],
    ['a text without an end', '{"actions":["a]}', 'body'],
    ['an item that is no JSON', '{"actions":[1,{a:1}]}', 'actions.1'],
    ['two values in one place', '{"actions":[1 2]}', 'actions.0'],
    ['a name that stands twice in an item', '{"actions":[0,{"a":{"b":1,"b":2}}]}', 'actions.1.a.b'],
    ['actions that stand twice', '{"actions":[1],"actions":[2]}', 'actions'],
    ['no batch but megabytes', `{"a":"${'x'.repeat(100_000)}"}`, 'body'],
    ['1,001 items', `{"actions":[${'1,'.repeat(1_000)}1]}`, 'actions'],
  ])('%s is refused', async (_, text, field) => {
    await expect(parse(text)).rejects.toMatchObject({ code: 'AOL_INVALID_REQUEST', problems: [{ field }] });
  });

  test('an item that is too large is not parsed, and keeps no other from it', async () => {
    const large = `[${'1,'.repeat(200_000)}1]`;
    expect(await parse(`{"actions":[1,${large},2]}`)).toMatchObject({
      actions: [1, { code: 'AOL_INVALID_REQUEST' }, 2],
    });
  });

  test('pauses before each item, and while it looks for their ends', async () => {
    let pauses = 0;
    const pause = () => {
      pauses += 1;
      return Promise.resolve();
    };
    const item = `{"a":[${'1,'.repeat(1_000)}1]}`;
    const text = `{"actions":[${Array.from({ length: 900 }, () => item).join()}]}`;
    await parseBatchText(text, pause);
    expect(pauses).toBeGreaterThan(900 + text.length / 200_000);
  });
});
