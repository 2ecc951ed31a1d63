/** What `aol adapters new` writes: an adapter of thirty lines, and its test. */

/** What an adapter imports: this package, by its name. */
const PACKAGE = 'aol';

/** `ring_bell` → `RING_BELL` */
export function typeOf(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}

/** @param name lower case, digits and dashes: `ring_bell` */
export function adapterSource(name: string): string {
  return `// ${typeOf(name)}: AOL_ADAPTERS=./${name}.js loads it, \`aol adapters test ${name}.js\` tries it.
import { defineAdapter, jsonEffect } from '${PACKAGE}';
import { z } from 'zod';

export default defineAdapter({
  contract: {
    type: '${typeOf(name)}',
    title: 'An action of my own',
    performs: true,
    payload: z.strictObject({ url: z.url(), text: z.string().min(1).max(1000) }),
    example: { url: 'https://example.com/hook', text: 'Hello' },
  },
  version: 1, // raise it when the same payload renders other bytes than before
  redelivery: () => ({ kind: 'neither' }), // a second request would be a second effect: what is unknown is for a person
  render: ({ url, text }, { providerKey }) =>
    jsonEffect({
      type: '${typeOf(name)}',
      adapterVersion: 1,
      summary: \`Say "\${text.slice(0, 60).replace(/\\s+/g, ' ')}" to \${new URL(url).host}\`,
      url,
      headers: { 'content-type': 'application/json', 'idempotency-key': providerKey },
      body: { text },
    }),
  async perform({ request }, { exchange, signal }) {
    const answer = await exchange.send(request, { signal });
    if (answer.kind !== 'answer') return answer; // not sent, or unknown: it says how far it got
    if (answer.status < 300) return { kind: 'done', receipt: { status: answer.status } };
    const reason = \`the receiver answered \${answer.status}\`;
    if (answer.status === 429) return { kind: 'not_sent', reason };
    return answer.status < 500 ? { kind: 'rejected', reason } : { kind: 'unknown', reason };
  },
});
`;
}

/** Runs where \`aol\` is installed as a package: \`node --test\`. */
export function adapterTestSource(name: string): string {
  return `import { test } from 'node:test';
import { adapterChecks } from '${PACKAGE}/testing';
import adapter from './${name}.js';

const samples = { 'two lines': { url: 'https://example.com/hook', text: 'one\\ntwo' } };
for (const { name, run } of adapterChecks(adapter, { samples })) test(name, run);
`;
}
