/** What comes over stdin, as bytes. */

import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import { utf8Lines } from '../../src/mcp/utf8-lines.ts';

test('a message that is not UTF-8 is answered and goes no further; the others do, however they are cut', async () => {
  const answers: string[] = [];
  const lines = utf8Lines((text) => answers.push(text));
  const through: Buffer[] = [];
  lines.on('data', (chunk: Buffer) => through.push(chunk));
  const input = new PassThrough();
  input.pipe(lines);
  const call = (id: number) => `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"content":"café 😀"}}\n`;
  const bytes = Buffer.concat([
    Buffer.from(call(1)),
    Buffer.from(call(2).replace('😀', ''), 'latin1'),
    Buffer.from(call(3)),
    Buffer.of(0xff, 0x0a),
    Buffer.from(call(4)),
  ]);
  for (const byte of bytes) input.write(Buffer.of(byte));
  input.end();
  await new Promise((resolve) => lines.once('end', resolve));
  expect(Buffer.concat(through).toString('utf8')).toBe(call(1) + call(3) + call(4));
  expect(answers.map((text) => JSON.parse(text))).toEqual([
    { jsonrpc: '2.0', id: 2, error: { code: -32_700, message: 'the message is not UTF-8; nothing was done' } },
    { jsonrpc: '2.0', id: null, error: { code: -32_700, message: 'the message is not UTF-8; nothing was done' } },
  ]);
});
