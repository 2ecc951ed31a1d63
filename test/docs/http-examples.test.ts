/** The calls of docs/api.md and docs/security.md, made as they stand there. */

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestApi, type TestApi, TOKENS } from '../support/api.ts';
import { commandsIn } from '../support/markdown.ts';
import { awaitingApproval, queued } from '../support/settled.ts';

const PAGES = ['api.md', 'security.md'];
const calls = PAGES.flatMap((page) =>
  commandsIn(readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8')).filter((line) =>
    line.startsWith('curl '),
  ),
);

let api: TestApi;
type Variables = Readonly<Record<string, string>>;
let values: Variables;
beforeAll(async () => {
  api = await createTestApi();
  values = {
    AOL: api.url,
    TOKEN: TOKENS.operator,
    ADMIN_TOKEN: TOKENS.admin,
  };
});
afterAll(() => api.close());

/** Words as a shell would part them: quotes are taken away, variables put in where the quotes let them. */
function wordsOf(line: string, variables: Variables): string[] {
  return [...line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"]+)+/g)].map(([word]) =>
    word.replaceAll(
      /'([^']*)'|"([^"]*)"|([^'"]+)/g,
      (_all, literal?: string, quoted?: string, bare?: string) =>
        literal ??
        (quoted ?? bare ?? '').replaceAll(/\$([A-Z_]+)/g, (_name, name: string) => variables[name] ?? `no ${name}`),
    ),
  );
}

test('there are calls', () => {
  expect(calls.length).toBeGreaterThan(10);
});

test.each(calls)('%s', async (line) => {
  const { pool } = api.database;
  const id = await (line.includes('/request-changes') ? awaitingApproval(pool) : queued(pool));
  const [, ...words] = wordsOf(line, { ...values, ID: id });
  const headers: Record<string, string> = {};
  let [method, body, address]: [string, string | undefined, string] = ['GET', undefined, ''];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '-X') method = words.shift() ?? '';
    else if (word === '-d') body = words.shift();
    else if (word === '-H') {
      const [name = '', value = ''] = (words.shift() ?? '').split(': ');
      headers[name] = value;
    } else address = word;
  }
  const answer = await fetch(address, { method, headers, ...(body === undefined ? {} : { body }) });
  expect([answer.status, answer.ok ? '' : await answer.text()]).toEqual([expect.any(Number), '']);
});
