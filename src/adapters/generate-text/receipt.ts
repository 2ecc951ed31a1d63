/** What is kept of a generation: the text, what it cost, and what is not as it was asked. */

import { errorText } from '../../domain/errors.ts';
import type { Answer } from '../exchange/index.ts';
import type { Blobs, PerformContext } from '../port.ts';
import { type Generated, priceOf } from './service.ts';

/** A receipt has 64 KiB: what is longer is kept as a file. */
const MAX_TEXT_BYTES = 48 * 1024;
const EXCERPT_LENGTH = 1_000;

export async function textReceipt(
  answer: Answer,
  generated: Generated,
  asked: { readonly model: string | undefined; readonly maxTokens: number },
  { account, blobs }: Pick<PerformContext, 'account' | 'blobs'>,
  requestId: string | undefined,
): Promise<Readonly<Record<string, unknown>>> {
  const { id, model, tokens } = generated;
  // Some say that a text is complete which ends at the bound.
  const cut = generated.cut ?? (tokens && tokens.output >= asked.maxTokens ? 'length' : undefined);
  const price = account && tokens && priceOf(account, [model, asked.model], tokens);
  return {
    status: answer.status,
    ...(await keptText(storable(generated.text), blobs)),
    ...(cut !== undefined && { cut }),
    ...(model !== undefined && { model }),
    ...(model !== asked.model && { modelAsked: asked.model }),
    ...(tokens && { tokens }),
    ...(price && { price }),
    ...(id !== undefined && { id }),
    ...(requestId !== undefined && { requestId }),
  };
}

async function keptText(text: string, blobs: Blobs): Promise<Readonly<Record<string, unknown>>> {
  if (Buffer.byteLength(JSON.stringify(text)) <= MAX_TEXT_BYTES) return { text };
  const excerpt = text.slice(0, EXCERPT_LENGTH).toWellFormed();
  try {
    const file = await blobs.keep(Buffer.from(text), 'text/plain');
    return { text: excerpt, isExcerpt: true, file };
  } catch (error) {
    // It was generated and is paid for: the beginning is better than nothing.
    return { text: excerpt, isExcerpt: true, note: `the rest could not be kept: ${errorText(error, 300)}` };
  }
}

/** As PostgreSQL takes it. */
function storable(text: string): string {
  return text.replaceAll('\u0000', '\ufffd').toWellFormed();
}
