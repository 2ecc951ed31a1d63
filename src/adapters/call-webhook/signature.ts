/** Signatures of Standard Webhooks: HMAC-SHA256 over id, timestamp and body. */

import { createHmac } from 'node:crypto';

/**
 * The `webhook-signature`: one `v1,…` for each live secret, so that a receiver may change over at its own time.
 *
 * @param secrets `whsec_` and base64, as `parseSigningSecrets` gives them
 * @param body the bytes as sent; empty when none are
 */
export function webhookSignature(
  secrets: readonly string[],
  message: { readonly id: string; readonly timestamp: string; readonly body: string },
): string {
  const signed = `${message.id}.${message.timestamp}.${message.body}`;
  return secrets
    .map((secret) => createHmac('sha256', Buffer.from(secret.replace(/^whsec_/u, ''), 'base64')))
    .map((hmac) => `v1,${hmac.update(signed, 'utf8').digest('base64')}`)
    .join(' ');
}
