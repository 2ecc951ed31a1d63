/** What an SMTP client says, in lines and messages. */

import type { Socket } from 'node:net';

const END = Buffer.from('\r\n.\r\n');

export interface SmtpInput {
  /** Undefined when the client is gone. */
  line(): Promise<string | undefined>;
  /** Up to the final dot; undefined when the client left before, or `limit` bytes are there. */
  message(limit: number | undefined, onBytes: (bytes: Buffer) => void): Promise<Buffer | undefined>;
}

export function createSmtpInput(socket: Socket): SmtpInput {
  let buffer = Buffer.alloc(0);
  let ended = false;
  let wake = () => {};
  socket.on('data', (bytes: Buffer) => {
    buffer = Buffer.concat([buffer, bytes]);
    wake();
  });
  const end = () => {
    ended = true;
    wake();
  };
  socket.on('end', end).on('close', end);
  const more = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
      if (ended) resolve();
    });
  const take = (length: number) => {
    const taken = buffer.subarray(0, length);
    buffer = buffer.subarray(length);
    return taken;
  };
  return {
    async line() {
      while (!buffer.includes('\r\n')) {
        if (ended) return undefined;
        await more();
      }
      return take(buffer.indexOf('\r\n') + 2)
        .toString('utf8')
        .trimEnd();
    },
    async message(limit, onBytes) {
      // A message may begin with the dot that ends it.
      const endsAt = () => (buffer.subarray(0, 3).equals(END.subarray(2)) ? -2 : buffer.indexOf(END));
      for (;;) {
        onBytes(buffer);
        if (limit !== undefined && buffer.length >= limit) return undefined;
        const found = endsAt();
        if (found === -2) return take(3).subarray(0, 0);
        if (found >= 0) {
          const message = take(found + END.length).subarray(0, found + 2);
          return Buffer.from(message.toString('latin1').replaceAll(/(^|\r\n)\.\./gu, '$1.'), 'latin1');
        }
        if (ended) return undefined;
        await more();
      }
    },
  };
}
