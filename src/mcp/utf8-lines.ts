/** Lines of JSON-RPC, those that are UTF-8: what is not would reach a tool with other characters than were sent. */

import { Transform } from 'node:stream';
import { z } from 'zod';

const PARSE_ERROR = -32_700;
const LINE_END = 0x0a;
const requestSchema = z.object({ id: z.union([z.string(), z.number()]) });

/**
 * Lets lines through that are UTF-8.
 *
 * @param answer told the answer to each other one, so that who asked does not wait for it
 */
export function utf8Lines(answer: (text: string) => void): Transform {
  let rest = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const bytes = Buffer.concat([rest, chunk]);
      let start = 0;
      for (let end = bytes.indexOf(LINE_END); end !== -1; end = bytes.indexOf(LINE_END, start)) {
        const line = bytes.subarray(start, end + 1);
        start = end + 1;
        if (isUtf8(line)) this.push(line);
        else answer(refusal(line));
      }
      rest = bytes.subarray(start);
      done();
    },
  });
}

function isUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function refusal(line: Buffer): string {
  const error = { code: PARSE_ERROR, message: 'the message is not UTF-8; nothing was done' };
  return `${JSON.stringify({ jsonrpc: '2.0', id: idOf(line), error })}\n`;
}

/** Of a request that is JSON but for those characters. */
function idOf(line: Buffer): string | number | null {
  try {
    return requestSchema.parse(JSON.parse(line.toString('utf8'))).id;
  } catch {
    return null;
  }
}
