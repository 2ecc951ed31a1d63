/** From a request's body to its bytes: one way for each kind. */

import { canonicalJson } from '../../domain/hashing.ts';
import type { HttpBody, MultipartPart } from '../port.ts';

/** The bytes of one of the effect's blobs, by its SHA-256. */
export type ReadBlob = (sha256: string) => Promise<Uint8Array>;

/** Undefined: the request has none. */
export async function bodyBytes(body: HttpBody, readBlob: ReadBlob): Promise<Uint8Array | undefined> {
  switch (body.kind) {
    case 'none':
      return undefined;
    case 'json':
      return Buffer.from(canonicalJson(body.value));
    case 'text':
      return Buffer.from(body.text);
    case 'form':
      return Buffer.from(new URLSearchParams(body.fields.map(({ name, value }) => [name, value])).toString());
    case 'blob':
      return readBlob(body.sha256);
    case 'multipart':
      return multipartBytes(body.boundary, body.parts, readBlob);
  }
}

async function multipartBytes(
  boundary: string,
  parts: readonly MultipartPart[],
  readBlob: ReadBlob,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (const part of parts) {
    const file = 'blob' in part ? `; filename="${quoted(part.fileName)}"\r\ncontent-type: ${part.mediaType}` : '';
    pieces.push(
      Buffer.from(`--${boundary}\r\ncontent-disposition: form-data; name="${quoted(part.name)}"${file}\r\n\r\n`),
      'blob' in part ? await readBlob(part.blob) : Buffer.from(part.value),
      Buffer.from('\r\n'),
    );
  }
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]);
}

/** As browsers do (HTML, multipart/form-data encoding). */
function quoted(text: string): string {
  return text.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22');
}
