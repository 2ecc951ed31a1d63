/** A TCP door in front of a server: shut, the server looks stopped (refused, connections broken); open, it is back. */

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface Door {
  readonly port: number;
  shut(): Promise<void>;
  open(): Promise<void>;
}

export async function createDoor(host: string, targetPort: number): Promise<Door> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(targetPort, host);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(0);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the system gave no port');
  return {
    port: address.port,
    async shut() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    open: () => listen(address.port),
  };
}
