/** `/v1/blobs`: files that payloads name by their SHA-256. */

import { z } from 'zod';
import { blobSchema } from '../../contracts/http/blob.ts';
import { sha256Schema } from '../../contracts/http/primitives.ts';
import { addBlob, findBlobs } from '../../db/queue/blobs.ts';
import { InvalidRequestError, NotFoundError, UnavailableError } from '../../domain/errors.ts';
import { sha256Hex } from '../../domain/hashing.ts';
import { MAX_BLOB_BYTES } from '../../domain/limits.ts';
import type { Api, ApiContext } from '../context.ts';
import { fileAnswer } from '../describe/raw-answer.ts';

const noQuery = z.strictObject({});
/** What a browser shows as a picture and runs nothing of. Anything else is only ever saved. */
const SHOWN: ReadonlySet<string> = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp']);

export function blobRoutes(app: Api, context: ApiContext): void {
  app.register(async (uploads: Api) => {
    uploads.removeAllContentTypeParsers();
    uploads.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => body);
    putRoute(uploads, context);
  });
  getRoute(app, context);
}

function putRoute(app: Api, { database, blobs, bounds }: ApiContext): void {
  app.route({
    ...bounds.uploads.hooks,
    method: 'PUT',
    url: '/v1/blobs',
    bodyLimit: MAX_BLOB_BYTES,
    config: { rawBody: true },
    schema: {
      summary: 'Store a picture or a file, once under its SHA-256; a picture loses its metadata first',
      querystring: noQuery,
      response: { 200: blobSchema, 201: blobSchema },
    },
    async handler(request, reply) {
      if (!blobs) throw new UnavailableError('artifacts', 'this server stores no files');
      const body: unknown = request.body;
      if (!(body instanceof Buffer) || body.length === 0) {
        throw new InvalidRequestError('body must not be empty', [{ field: 'body', rule: 'must not be empty' }]);
      }
      const {
        bytes,
        mediaType,
        width = null,
        height = null,
      } = await blobs.readMedia(body, request.headers['content-type'] ?? '');
      const blob = { sha256: sha256Hex(bytes), mediaType, byteCount: bytes.byteLength, width, height };
      const isNew = await addBlob(database, { ...blob, createdBy: request.actor });
      await blobs.put(bytes);
      reply.code(isNew ? 201 : 200).header('location', `/v1/blobs/${blob.sha256}`);
      if (isNew) return blob;
      return (await findBlobs(database, [blob.sha256])).get(blob.sha256) ?? blob;
    },
  });
}

function getRoute(app: Api, { database, blobs }: ApiContext): void {
  app.route({
    method: 'GET',
    url: '/v1/blobs/:sha256',
    config: { problems: [404, 500] },
    schema: {
      summary: 'A stored file, exactly the bytes that are sent',
      params: z.strictObject({ sha256: sha256Schema }),
      querystring: noQuery,
      response: { 200: fileAnswer('The file', ['application/octet-stream', ...SHOWN]) },
    },
    async handler(request, reply) {
      const { sha256 } = request.params;
      const blob = (await findBlobs(database, [sha256])).get(sha256);
      if (!blob || !blobs) throw new NotFoundError(`there is no file ${sha256}`);
      const bytes = await blobs.get(sha256);
      const isShown = SHOWN.has(blob.mediaType);
      reply.headers({
        'content-type': isShown ? blob.mediaType : 'application/octet-stream',
        // Without a name: the link that saves it knows a better one.
        'content-disposition': isShown ? 'inline' : 'attachment',
        'content-security-policy': "default-src 'none'; sandbox",
        'x-content-type-options': 'nosniff',
        etag: `"${sha256}"`,
        'cache-control': 'private, max-age=31536000, immutable',
      });
      return reply.send(Buffer.from(bytes));
    },
  });
}
