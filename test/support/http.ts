/** One HTTP call over a real socket, exactly as written: any header, any bytes. */

import { type IncomingHttpHeaders, request } from 'node:http';

export interface Call {
  readonly method?: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly payload?: string | Buffer | undefined;
  /** Ends the call as soon as the status is there, for answers that never end. */
  readonly headersOnly?: boolean | undefined;
}

export interface Answer {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly body: string;
  json(): unknown;
}

export function call(port: number, { method = 'GET', url, headers = {}, payload, headersOnly }: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = payload === undefined ? {} : { 'content-length': String(Buffer.byteLength(payload)) };
    const outgoing = request(
      { host: '127.0.0.1', port, path: url, method, headers: { ...length, ...headers } },
      (incoming) => {
        const chunks: Buffer[] = [];
        if (headersOnly) {
          const json = () => undefined;
          resolve({
            statusCode: incoming.statusCode ?? 0,
            headers: incoming.headers,
            bytes: Buffer.of(),
            body: '',
            json,
          });
          outgoing.destroy();
          return;
        }
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const body = bytes.toString('utf8');
          const json = (): unknown => JSON.parse(body);
          resolve({ statusCode: incoming.statusCode ?? 0, headers: incoming.headers, bytes, body, json });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(payload);
  });
}
