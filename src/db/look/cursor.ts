/** Cursors of keyset pages: the sort key of the last item, opaque to callers. */

import { InvalidRequestError } from '../../domain/errors.ts';

export function encodeCursor(key: string | number): string {
  return Buffer.from(String(key), 'utf8').toString('base64url');
}

/** @throws InvalidRequestError when the text is not a cursor that {@link encodeCursor} made of such a key */
export function decodeCursor(cursor: string, shape: RegExp): string {
  const key = Buffer.from(cursor, 'base64url').toString('utf8');
  if (!shape.test(key)) {
    const rule = 'must be a cursor from an earlier answer';
    throw new InvalidRequestError(`cursor ${rule}`, [{ field: 'cursor', rule }]);
  }
  return key;
}
