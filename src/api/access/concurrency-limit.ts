/**
 * How many requests of a kind may be inside at once. A place ends with its request. Where the connection is lost before the
 * whole request was read, or where that ends the work, it ends with the connection.
 */

import type { Socket } from 'node:net';
import type { FastifyRequest } from 'fastify';

export interface Bounds {
  readonly most: number;
  /** Less than all of them, so that nobody uses them up alone. */
  readonly mostOfCaller: number;
  /** What one too many is told. */
  readonly refusal: () => Error;
}

export class ConcurrencyLimit {
  readonly #bounds: Bounds;
  readonly #byCaller = new Map<string, number>();
  readonly #byRequest = new WeakMap<FastifyRequest, () => void>();
  #inside = 0;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  get inside(): number {
    return this.#inside;
  }

  /**
   * Takes a place, and gives it back when the function that it answers is called or the connection is gone.
   * A response that waits behind others of its connection is never told that the connection is gone; the connection is.
   *
   * @param onLost ends the work when the connection was first; absent for work that is done anyway once the whole request was read
   */
  enter({ actor, raw }: FastifyRequest, onLost?: () => void): () => void {
    const { socket } = raw;
    const own = this.#byCaller.get(actor) ?? 0;
    if (socket.destroyed || this.#inside >= this.#bounds.most || own >= this.#bounds.mostOfCaller) {
      throw this.#bounds.refusal();
    }
    this.#inside += 1;
    this.#byCaller.set(actor, own + 1);
    const leave = () => {
      if (!forget()) return;
      this.#inside -= 1;
      const left = (this.#byCaller.get(actor) ?? 1) - 1;
      if (left > 0) this.#byCaller.set(actor, left);
      else this.#byCaller.delete(actor);
    };
    const forget = whenClosed(socket, () => {
      // Work on a request that is there goes on, and holds what it holds, also when nobody hears the answer.
      if (!onLost && raw.readableEnded) return;
      leave();
      onLost?.();
    });
    return leave;
  }

  /** Hooks of a route whose requests have a place from when their caller is known until they are answered. */
  get hooks() {
    return {
      onRequest: async (request: FastifyRequest): Promise<void> => {
        this.#byRequest.set(request, this.enter(request));
      },
      onSend: async (request: FastifyRequest): Promise<void> => {
        this.#byRequest.get(request)?.();
      },
    };
  }
}

/** What is done when a socket closes. One listener for each socket, however many requests it carries. */
const whenSocketsClose = new WeakMap<Socket, Set<() => void>>();

/** @returns forgets it; false when that was done already, or the socket has closed */
function whenClosed(socket: Socket, act: () => void): () => boolean {
  const known = whenSocketsClose.get(socket);
  const acts = known ?? new Set();
  if (!known) {
    whenSocketsClose.set(socket, acts);
    socket.once('close', () => {
      for (const one of acts) one();
    });
  }
  acts.add(act);
  return () => acts.delete(act);
}
