/** A proxy in front of a real SMTP server that cuts the connection around the final dot. */

import { connect, createServer, type Socket } from 'node:net';

/** `stored`: the server took the mail and its reply is lost. `lost`: the server never sees the final dot. */
export type SmtpCut = 'stored' | 'lost';

export interface SmtpProxy {
  readonly port: number;
  /** Cuts at the next final dots, once by default; `hang` keeps the connection open and says nothing more. */
  cutAfterDot(cut: SmtpCut, options?: { readonly times?: number; readonly hang?: boolean }): void;
  /** Says nothing to the next command of this name, which the server never sees. */
  hangAt(command: string): void;
  /** How many connections hang. */
  hanging(): number;
  /** How many messages ended, cut or not. */
  dots(): number;
  close(): Promise<void>;
}

interface Order {
  readonly cut: SmtpCut;
  readonly hang: boolean;
  left: number;
}

export async function startSmtpProxy(targetPort: number): Promise<SmtpProxy> {
  const sockets = new Set<Socket>();
  const orders: Order[] = [];
  const hangs: string[] = [];
  let hanging = 0;
  let dots = 0;

  const server = createServer((near) => {
    const far = connect(targetPort, '127.0.0.1');
    /** The last bytes of a message; undefined outside of one. */
    let tail: Buffer | undefined;
    /** The server's reply to the final dot is still to come and will not get through. */
    let swallows: Order | undefined;
    const cut = (order: Order) => {
      far.destroy();
      if (order.hang) hanging += 1;
      else near.resetAndDestroy();
    };
    const hangsAt = (text: string): boolean => {
      const [command] = hangs;
      if (command === undefined || !text.toUpperCase().startsWith(command)) return false;
      hangs.shift();
      swallows = { cut: 'lost', hang: true, left: 0 };
      cut(swallows);
      return true;
    };
    near.on('data', (bytes: Buffer) => {
      if (swallows !== undefined) return;
      if (tail === undefined) return hangsAt(bytes.toString('latin1')) ? undefined : void far.write(bytes);
      tail = Buffer.concat([tail, bytes]).subarray(-5);
      if (!tail.toString('latin1').endsWith('\r\n.\r\n')) return void far.write(bytes);
      tail = undefined;
      dots += 1;
      const order = orders.find(({ left }) => left > 0);
      if (order === undefined) return void far.write(bytes);
      order.left -= 1;
      swallows = order;
      if (order.cut === 'stored') far.write(bytes);
      else cut(order);
    });
    far.on('data', (bytes: Buffer) => {
      if (swallows !== undefined) return cut(swallows);
      if (bytes.toString('latin1').startsWith('354')) tail = Buffer.from('\r\n');
      near.write(bytes);
    });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        if (!swallows?.hang) for (const end of [near, far]) end.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : 0,
    cutAfterDot: (cut, { times = 1, hang = false } = {}) => void orders.push({ cut, hang, left: times }),
    hangAt: (command) => void hangs.push(command),
    hanging: () => hanging,
    dots: () => dots,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
