/** A connection to PostgreSQL whose writes of one event leave together. */

import { Socket } from 'node:net';

type Written = (error?: Error | null) => void;

/**
 * Statements that do not wait for each other are written one by one. Each would be a packet of its own, and a call of the operating
 * system, which costs more than to make its text and to read it. So everything waits for the end of the event, also what the
 * driver holds back for a moment by itself: Node's streams do not count who holds them back. Over TLS the driver writes to a socket
 * of its own, which this one does not hold back.
 */
export class OnePacketSocket extends Socket {
  #isHeldBack = false;

  constructor() {
    super();
    // Not a method: Node gives a socket that connects the `write` of its own class again.
    this.once('connect', () => {
      this.write = (chunk: string | Uint8Array, encoding?: BufferEncoding | Written, written?: Written) => {
        this.cork();
        return typeof encoding === 'function' ? super.write(chunk, encoding) : super.write(chunk, encoding, written);
      };
    });
  }

  override cork(): void {
    if (this.#isHeldBack) return;
    this.#isHeldBack = true;
    super.cork();
    process.nextTick(() => {
      this.#isHeldBack = false;
      super.uncork();
    });
  }

  /** The end of the event does it. */
  override uncork(): void {}
}
