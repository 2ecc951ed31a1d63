/** Servers on loopback that get a webhook, and behave as badly as they are told to. */

import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';

export interface Receiver {
  readonly port: number;
  /** `127.0.0.1:port`, as an allow list names it. */
  readonly host: string;
  readonly connections: () => number;
  /** The names that clients asked for over TLS; false where they asked for none. */
  readonly serverNames: () => readonly (string | false | null)[];
  /** The requests, byte for byte; of one that broke off, what came. */
  readonly requests: () => readonly string[];
  close(): Promise<void>;
}

export interface ReceiverBehaviour {
  /** Called for each connection, before anything was read. */
  readonly onConnection?: (socket: Socket) => void;
  /** Called once the whole request is there. */
  readonly onRequest?: (socket: Socket, request: string) => void;
  readonly tls?: boolean;
  readonly address?: string;
}

/** An answer with a body; the connection is closed after it. */
export function answer(status: number, headers: Readonly<Record<string, string>> = {}, body = ''): string {
  const all = { 'content-length': String(Buffer.byteLength(body)), connection: 'close', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Any\r\n${lines.join('')}\r\n${body}`;
}

/** Answers every request with the same text. */
export function answering(text: string): ReceiverBehaviour {
  return { onRequest: (socket) => socket.end(text) };
}

export async function startReceiver(behaviour: ReceiverBehaviour): Promise<Receiver> {
  const requests: string[] = [];
  const open = new Set<Socket>();
  const serverNames: (string | false | null)[] = [];
  let connections = 0;
  const serve = (socket: Socket) => {
    const index = requests.length;
    requests.push('');
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      const before = isWhole(requests[index] ?? '');
      requests[index] += bytes.toString('utf8');
      if (!before && isWhole(requests[index] ?? '')) behaviour.onRequest?.(socket, requests[index] ?? '');
    });
    behaviour.onConnection?.(socket);
  };
  const server: Server = behaviour.tls ? createTlsServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }) : createServer();
  server.on('connection', (socket: Socket) => {
    connections += 1;
    open.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => open.delete(socket));
    if (!behaviour.tls) serve(socket);
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    serverNames.push(socket.servername);
    serve(socket);
  });
  server.on('tlsClientError', () => undefined);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(0, behaviour.address ?? '127.0.0.1', resolve);
  await promise;
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  return {
    port,
    host: `127.0.0.1:${port}`,
    connections: () => connections,
    serverNames: () => serverNames,
    requests: () => requests,
    close: () =>
      new Promise((closed) => {
        for (const socket of open) socket.destroy();
        server.close(() => closed());
      }),
  };
}

function isWhole(request: string): boolean {
  const [head = '', ...rest] = request.split('\r\n\r\n');
  const length = Number(/\r\ncontent-length: (\d+)/iu.exec(head)?.[1] ?? 0);
  return rest.length > 0 && Buffer.byteLength(rest.join('\r\n\r\n')) >= length;
}

/** For 127.0.0.1 and hook.test, until 2120. Of tests alone: whoever reads this has the key. */
export const TEST_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBZTCCAQugAwIBAgIBATAKBggqhkjOPQQDAjATMREwDwYDVQQDDAhhb2wgdGVz
dDAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowEzERMA8GA1UEAwwI
YW9sIHRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAR2NSpIDsw57mxqfOoV
0afJZxEeau93NGLPGi+9MYAlsmDn3Q5Zz662nXFL4fSvSt7LASO2QeKvEYGt8E/m
ekMWo04wTDAPBgNVHRMBAf8EBTADAQH/MBoGA1UdEQQTMBGHBH8AAAGCCWhvb2su
dGVzdDAdBgNVHQ4EFgQU06ZrWbMPSfAhi28LVO7UYsJ5x0wwCgYIKoZIzj0EAwID
SAAwRQIgeSFHtZkx2WNHz4YQOzwpUafWYwW3qED0EzC/4uHzzSUCIQCo0kbLzIo+
hgP+sawkR5fdK/qWhDt1b6JN4WeFSXCHvg==
-----END CERTIFICATE-----`;

export const TEST_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgy63BCBVMZqd9y0kz
PaiJZhmF3OyWjR4qyCmiifC73nShRANCAAR2NSpIDsw57mxqfOoV0afJZxEeau93
NGLPGi+9MYAlsmDn3Q5Zz662nXFL4fSvSt7LASO2QeKvEYGt8E/mekMW
-----END PRIVATE KEY-----`;
