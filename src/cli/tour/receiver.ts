/** A receiver on this machine: what AOL sends in the tour arrives here, and nowhere else. */

import { createServer } from 'node:http';
import { z } from 'zod';

export interface TourReceiver {
  /** `127.0.0.1:port` */
  readonly host: string;
  /** The bodies that arrived, in their order. */
  readonly bodies: () => readonly string[];
  close(): Promise<void>;
}

const addressSchema = z.object({ port: z.int() });

export async function startTourReceiver(): Promise<TourReceiver> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Uint8Array[] = [];
    request.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    request.on('end', () => {
      bodies.push(Buffer.concat(chunks).toString('utf8'));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"received":true}');
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = addressSchema.parse(server.address());
  return {
    host: `127.0.0.1:${port}`,
    bodies: () => bodies,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
