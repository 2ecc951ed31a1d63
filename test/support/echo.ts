/** A provider of every kind at once: lets in, takes whatever comes, and answers with all that it was told. */

import { cidOfFile } from './providers/bluesky-record.ts';
import { type ProviderServer, type SeenRequest, serve } from './providers/server.ts';

const SESSION = '/xrpc/com.atproto.server.';

/** The requests that are no log-in. */
export function sentTo(server: ProviderServer): readonly SeenRequest[] {
  return server.seen().filter(({ path }) => !path.startsWith(SESSION));
}

/** What is told of uploads: they are well, so that the effect is tried. */
const UPLOADS: readonly (readonly [path: RegExp, answer: (body: Buffer, host: string) => object])[] = [
  [
    /uploadBlob$/u,
    (body) => {
      const blob = { $type: 'blob', ref: { $link: cidOfFile(body) }, mimeType: 'image/png', size: body.length };
      return { blob };
    },
  ],
  [/^\/api\/v2\/media$/u, () => ({ id: '1', url: 'https://files.example/1' })],
  [/^\/2\/media\//u, () => ({ data: { id: '1' } })],
  [/initializeUpload$/u, (_body, host) => ({ value: { uploadUrl: `http://${host}/upload`, image: 'urn:li:image:1' } })],
  [/^\/upload$/u, () => ({})],
  [/^\/rest\/images\//u, () => ({ status: 'AVAILABLE' })],
];

/** @param status of every answer but those to log-ins and uploads */
export function startEcho(status: number, session: { readonly access: string; readonly refresh: string }) {
  return serve(async ({ path, headers, body }) => {
    if (path.startsWith(SESSION)) {
      const answer = { did: 'did:plc:brand', handle: 'brand.example' };
      return { status: 200, body: { ...answer, accessJwt: session.access, refreshJwt: session.refresh } };
    }
    const host = headers.find(([name]) => name.toLowerCase() === 'host')?.[1] ?? '';
    const upload = UPLOADS.find(([pattern]) => pattern.test(path))?.[1](body, host);
    if (upload) return { status: 200, body: upload };
    const told = `${path} ${JSON.stringify(headers)} ${body.toString('latin1')}`.slice(0, 20_000);
    const words = { error: told, message: told, detail: told, errcode: told, type: told, code: told, ok: false };
    return { status, headers: { 'x-request-id': told.replace(/[^!-~]/gu, ' ').slice(0, 2_000) }, body: words };
  });
}
