/** A TCP proxy in front of a server, which can make the network misbehave. */

import { once } from 'node:events';
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import type { Random } from './random.ts';

export interface TcpProxy {
  readonly port: number;
  /** Everything that is connected, and everything that connects until {@link heal}, goes silent, and stays connected. */
  blackhole(): void;
  /** What connects from now on passes. What went silent stays so: nobody tells its ends. */
  heal(): void;
  /** Resets every connection. */
  reset(): void;
  /** Delays what passes, in each direction, by `leastMs` to `mostMs`; the order stays. */
  slow(leastMs: number, mostMs: number): void;
  connections(): number;
  close(): Promise<void>;
}

interface Pipe {
  readonly ends: readonly Socket[];
  silent: boolean;
}

export async function startProxy(targetPort: number, random: Random): Promise<TcpProxy> {
  const pipes = new Set<Pipe>();
  let silent = false;
  let latency: readonly [number, number] | undefined;

  const server = createServer({ noDelay: true }, (near) => {
    const far = connectTcp({ host: '127.0.0.1', port: targetPort, noDelay: true });
    const pipe: Pipe = { ends: [near, far], silent };
    pipes.add(pipe);
    const delayMs = () => (latency ? latency[0] + random.next() * (latency[1] - latency[0]) : 0);
    forward(near, far, pipe, delayMs);
    forward(far, near, pipe, delayMs);
    const end = () => {
      if (pipe.silent) return;
      pipes.delete(pipe);
      for (const socket of pipe.ends) socket.destroy();
    };
    for (const socket of pipe.ends) socket.on('error', () => undefined).on('close', end);
  });
  const port = await listen(server);
  return {
    port,
    blackhole() {
      silent = true;
      for (const pipe of pipes) pipe.silent = true;
    },
    heal() {
      silent = false;
    },
    reset() {
      for (const pipe of pipes) for (const socket of pipe.ends) socket.resetAndDestroy();
      pipes.clear();
    },
    slow(leastMs, mostMs) {
      latency = mostMs > 0 ? [leastMs, mostMs] : undefined;
    },
    connections: () => pipes.size,
    async close() {
      server.close();
      for (const pipe of pipes) for (const socket of pipe.ends) socket.destroy();
      pipes.clear();
    },
  };
}

/** Bytes wait for those before them, so a delay never changes their order. */
function forward(from: Socket, to: Socket, pipe: Pipe, delayMs: () => number): void {
  let last = Promise.resolve();
  let waiting = 0;
  from.on('data', (bytes) => {
    if (pipe.silent) return;
    const wait = delayMs();
    if (wait === 0 && waiting === 0) {
      to.write(bytes);
      return;
    }
    waiting += 1;
    const due = new Promise<void>((resolve) => setTimeout(resolve, wait));
    last = Promise.all([last, due]).then(() => {
      waiting -= 1;
      if (!pipe.silent) to.write(bytes);
    });
  });
  from.on('end', () => {
    if (!pipe.silent) void last.then(() => to.end());
  });
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the system gave no port');
  return address.port;
}
