/** Server-sent events: how a client follows them over lost connections. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { AolApiError, AolClient, type AolEvent } from '../../src/client/client.ts';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

/** A client of a server that answers each connection, counted from 1, as it is told. */
async function clientOf(
  answer: (connection: number, request: IncomingMessage, response: ServerResponse) => void,
): Promise<AolClient> {
  let connections = 0;
  const server = createServer((request, response) => {
    connections += 1;
    answer(connections, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({
    close() {
      server.closeAllConnections();
      server.close();
    },
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return new AolClient({ baseUrl: `http://127.0.0.1:${port}`, token: 'secret' });
}

function row(id: number, event = 'ENQUEUED'): string {
  const log = {
    id,
    at: '2026-11-27T10:00:00.000Z',
    lane: 'default',
    actionId: null,
    tickId: null,
    attempt: null,
    event,
    level: 'INFO',
    actor: 'test',
    message: '',
    detail: null,
    artifactSha256: null,
    durationMs: null,
  };
  return `event: log\nid: ${id}\ndata: ${JSON.stringify(log)}\n\n`;
}

function stream(response: ServerResponse, ...texts: string[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const text of texts) response.write(text);
}

/** What comes until a condition holds. */
async function until(
  events: AsyncGenerator<AolEvent>,
  isEnough: (seen: readonly AolEvent[]) => boolean,
): Promise<AolEvent[]> {
  const seen: AolEvent[] = [];
  for await (const event of events) {
    seen.push(event);
    if (isEnough(seen)) break;
  }
  return seen;
}

const kinds = (events: readonly AolEvent[]) => events.map(({ kind }) => kind);

describe('following', () => {
  test('goes on after the last id, whatever becomes of the connections: each row once, in order', async () => {
    const drops = 20;
    const resumedAfter: (string | undefined)[] = [];
    const client = await clientOf((connection, request, response) => {
      const lastId = request.headers['last-event-id'];
      resumedAfter.push(typeof lastId === 'string' ? lastId : undefined);
      expect(request.url).toBe('/v1/events?lane=brand');
      expect(request.headers.authorization).toBe('Bearer secret');
      const next = Number(lastId ?? 0) + 1;
      stream(response, 'event: ready\ndata: {}\n\n', row(next), row(next + 1));
      // Half a row, then the end; or the end alone; or a reset of the connection.
      if (connection % 3 === 0) response.write(row(next + 2).slice(0, 30));
      if (connection % 3 === 1) response.end();
      else setImmediate(() => response.destroy());
    });
    const seen = await until(client.events({ lane: 'brand' }), (all) => all.filter(isLog).length > drops * 2);
    expect(seen.filter(isLog).map(({ log }) => log.id)).toEqual(
      Array.from({ length: drops * 2 + 1 }, (_, index) => index + 1),
    );
    expect(resumedAfter.slice(0, 3)).toEqual([undefined, '2', '4']);
    expect(kinds(seen).slice(0, 5)).toEqual(['ready', 'log', 'log', 'lost', 'ready']);
  });

  test('a stream that falls silent is lost; one that only beats is not', async () => {
    const client = await clientOf((connection, _request, response) => {
      stream(response, 'event: ready\ndata: {}\n\n');
      if (connection === 1) return;
      const beat = setInterval(() => response.write(': beat\n\n'), 50);
      setTimeout(() => response.write(row(7)), 700);
      response.on('close', () => clearInterval(beat));
    });
    const seen = await until(client.events({ silenceMs: 300 }), (all) => all.some(isLog));
    expect(kinds(seen)).toEqual(['ready', 'lost', 'ready', 'log']);
  });

  test('a reset is told, and a server that is away for a moment is waited for', async () => {
    const client = await clientOf((connection, request, response) => {
      if (connection <= 2) {
        response.writeHead(503).end('{}');
        return;
      }
      expect(request.headers['last-event-id']).toBe('5');
      stream(response, 'id: 90\nevent: reset\ndata: {}\n\n');
    });
    const seen = await until(client.events({ lastEventId: '5' }), (all) => all.at(-1)?.kind === 'reset');
    expect(kinds(seen)).toEqual(['lost', 'lost', 'reset']);
    expect(seen.at(-1)).toEqual({ kind: 'reset', id: '90' });
  });

  test('what only a newer server knows passes, and so do the rows behind it', async () => {
    const client = await clientOf((_connection, _request, response) => {
      const odd = row(3).replace('"level":"INFO"', '"level":7');
      const strange = 'event: hint\nid: 4\ndata: x\n\n';
      stream(response, 'event: ready\ndata: {}\n\n', row(1), row(2, 'TRANSLATED'), odd, strange, row(5));
    });
    const seen = await until(client.events(), (all) => all.filter(isLog).some(({ log }) => log.id === 5));
    expect(seen.filter(isLog).map(({ log }) => `${log.id} ${log.event}`)).toEqual([
      '1 ENQUEUED',
      '2 TRANSLATED',
      '5 ENQUEUED',
    ]);
    expect(seen.filter(({ kind }) => kind === 'unknown')).toMatchObject([
      { id: '3', event: 'log' },
      { id: '4', event: 'hint', data: 'x' },
    ]);
  });

  test('the page of a proxy is a lost connection, not the end', async () => {
    const client = await clientOf((connection, _request, response) => {
      if (connection === 1) response.writeHead(200, { 'content-type': 'text/html' }).end('<html>soon back</html>');
      else stream(response, 'event: ready\ndata: {}\n\n');
    });
    expect(kinds(await until(client.events(), (all) => all.at(-1)?.kind === 'ready'))).toEqual(['lost', 'ready']);
  });

  test('rows come whole, however their bytes are cut', async () => {
    const bytes = Buffer.from(row(1).replace('"message":""', '"message":"\u00fc \u{1f600}"'));
    const client = await clientOf(async (_connection, _request, response) => {
      stream(response);
      for (const byte of bytes) {
        await new Promise<void>((resolve) => response.write(Uint8Array.of(byte), () => resolve()));
      }
    });
    const [first] = await until(client.events(), () => true);
    expect(first).toMatchObject({ kind: 'log', log: { message: 'ü 😀' } });
  });

  test('a refusal ends it with the reason', async () => {
    const problem = { type: 'x', title: 'x', status: 401, detail: 'no token', code: 'AOL_UNAUTHENTICATED' };
    const client = await clientOf((_connection, _request, response) => {
      response.writeHead(401, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
    });
    const refused = client.events().next();
    await expect(refused).rejects.toBeInstanceOf(AolApiError);
    await expect(refused).rejects.toMatchObject({ code: 'AOL_UNAUTHENTICATED' });
  });

  test('the signal ends it, in a stream and in a pause; leaving the loop closes the connection', async () => {
    let closed = 0;
    const client = await clientOf((_connection, _request, response) => {
      response.on('close', () => {
        closed += 1;
      });
      stream(response, 'event: ready\ndata: {}\n\n');
    });
    const stop = new AbortController();
    const seen = await until(client.events({ signal: stop.signal }), () => {
      stop.abort();
      return false;
    });
    expect(kinds(seen)).toEqual(['ready']);
    await until(client.events(), () => true);
    while (closed < 2) await new Promise(setImmediate);

    const nobody = new AolClient({ baseUrl: 'http://127.0.0.1:9' });
    const pausing = new AbortController();
    const lost = await until(nobody.events({ signal: pausing.signal }), () => {
      pausing.abort();
      return false;
    });
    expect(kinds(lost)).toEqual(['lost']);
    expect(await nobody.events({ signal: pausing.signal }).next()).toEqual({ done: true, value: undefined });
  });
});

function isLog(event: AolEvent): event is Extract<AolEvent, { kind: 'log' }> {
  return event.kind === 'log';
}
