import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { UnavailableError } from '../../src/domain/errors.ts';
import { connectTemporal, type TemporalGateway } from '../../src/temporal/gateway.ts';
import { startProxy } from '../faults/support/proxy.ts';
import { createRandom } from '../faults/support/random.ts';
import { testTemporalAddress } from '../support/namespace.ts';

const closers: (() => Promise<unknown> | undefined)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function connect(address: string): TemporalGateway {
  const gateway = connectTemporal({ address, namespace: 'default' });
  closers.push(() => gateway.close());
  return gateway;
}

/** A port on which somebody accepts and never says a word. */
async function silentPort(): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function timed<Result>(work: Promise<Result>): Promise<{ result: Result; ms: number }> {
  const startedAt = performance.now();
  const result = await work;
  return { result, ms: performance.now() - startedAt };
}

describe('a Temporal that is away', () => {
  test('never keeps a caller waiting for more than a second or so', async () => {
    for (const address of ['127.0.0.1:9', `127.0.0.1:${await silentPort()}`]) {
      const gateway = connect(address);
      const health = await timed(gateway.health());
      expect(health.result).toMatchObject({ ok: false, latencyMs: null });
      expect(health.ms).toBeLessThan(1_500);
      const signal = await timed(gateway.signal('aol/default', 'wake').catch((error: unknown) => error));
      expect(signal.result).toBeInstanceOf(UnavailableError);
      expect(signal.ms).toBeLessThan(1_500);
    }
  });

  test('a connection that went silent without being closed is given up after two calls', async () => {
    const port = Number(testTemporalAddress().split(':').at(-1));
    const proxy = await startProxy(port, createRandom(1));
    closers.push(() => proxy.close());
    const gateway = connect(`127.0.0.1:${proxy.port}`);
    expect(await gateway.health()).toMatchObject({ ok: true });
    proxy.blackhole();
    expect(await gateway.health()).toMatchObject({ ok: false });
    // What is connected stays silent; what connects from now on is heard.
    proxy.heal();
    expect(await gateway.health()).toMatchObject({ ok: false });
    expect(await gateway.health()).toMatchObject({ ok: true });
  });

  test('closing in the middle of an outage leaves nothing behind that throws later', async () => {
    const gateway = connectTemporal({ address: '127.0.0.1:9', namespace: 'default' });
    const signal = gateway.signal('aol/default', 'wake').catch((error: unknown) => error);
    await gateway.close();
    expect(await signal).toBeInstanceOf(UnavailableError);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
  });

  test('connecting connects to nothing', () => {
    expect(connect('no.such.host.invalid:7233').namespace).toBe('default');
  });
});
