/**
 * Sessions without state: the cookie says who it stands for, and a MAC says that we wrote it. The key comes from the
 * environment's tokens, so every API of one installation has it, and changing a token ends all sessions.
 */

import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { ROLES } from '../../domain/roles.ts';

const sessionSchema = z.object({
  role: z.enum(ROLES),
  /** Null for a token of the environment. */
  tokenId: z.uuid().nullable(),
  csrfToken: z.string(),
  expiresAtMs: z.number(),
});
export type SealedSession = z.output<typeof sessionSchema>;

export class SessionSeal {
  readonly #key: Buffer;

  /** @param secrets in a fixed order */
  constructor(secrets: readonly Buffer[]) {
    this.#key = Buffer.from(hkdfSync('sha256', Buffer.concat(secrets), '', 'aol session 1', 32));
  }

  close(session: SealedSession): string {
    const text = Buffer.from(JSON.stringify(session), 'utf8').toString('base64url');
    return `${text}.${this.#mac(text).toString('base64url')}`;
  }

  /** Undefined when we did not write it, or its time is over. */
  open(cookie: string): SealedSession | undefined {
    const [, text, mac] = /^([A-Za-z0-9_-]{1,1000})\.([A-Za-z0-9_-]{43})$/.exec(cookie) ?? [];
    if (text === undefined || mac === undefined) return undefined;
    if (!timingSafeEqual(this.#mac(text), Buffer.from(mac, 'base64url'))) return undefined;
    const parsed = sessionSchema.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
    return parsed.success && parsed.data.expiresAtMs > Date.now() ? parsed.data : undefined;
  }

  #mac(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text, 'utf8').digest();
  }
}
