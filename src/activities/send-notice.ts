/**
 * One message to one destination, by the adapters that actions of its kind go by: the same accounts, the same way out, the same
 * signature. A notice is no action: it passes no lane, no gate and no budget.
 */

import type { Accounts } from '../accounts/port.ts';
import { createScrubber } from '../accounts/scrubbing.ts';
import { createCallWebhookAdapter } from '../adapters/call-webhook/index.ts';
import type { WebhookSettings } from '../adapters/index.ts';
import { memoryBlobs } from '../adapters/memory-blobs.ts';
import type { Effect, PerformContext, RenderContext } from '../adapters/port.ts';
import { postChatAdapter } from '../adapters/post-chat/index.ts';
import { type RegisteredAdapter, registerAdapter } from '../adapters/registry.ts';
import { sendEmailAdapter } from '../adapters/send-email/index.ts';
import { noticeKey } from '../contracts/names.ts';
import type { ClaimedMessage } from '../db/keep/notices.ts';
import { errorText } from '../domain/errors.ts';
import { ATTEMPT_TIMEOUT_MS } from '../domain/limits.ts';
import type { NoticeDestination } from '../domain/notice-destinations.ts';
import type { AttemptOutcome } from '../domain/outcomes.ts';
import { plainText, simpleHtml, webhookBody } from './notice-forms.ts';
import { perform, reconcile } from './perform.ts';

export type SendNotice = (
  to: NoticeDestination,
  message: ClaimedMessage,
  stopped: AbortSignal,
) => Promise<AttemptOutcome>;

const MAX_MAIL_LENGTH = 50_000;
/** What Slack advises, less what its escapes may add. */
const MAX_SLACK_LENGTH = 3_000;
const NO_ACCOUNT = /^REAL is refused: /u;

/** Answers a function that never throws. A message that is sent again has the same key, by which a receiver can know it. */
export function createSendNotice(accounts: Accounts, webhook: WebhookSettings | undefined): SendNotice {
  const adapters: Adapters = {
    mail: registerAdapter(sendEmailAdapter),
    slack: registerAdapter(postChatAdapter),
    webhook: registerAdapter(createCallWebhookAdapter(webhook)),
  };
  return async (to, message, stopped) => {
    const scrubber = createScrubber();
    if (to.kind === 'webhook') scrubber.learn([to.url]);
    const scrub = (text: string) => scrubber.scrub(accounts.scrub(text));
    const outgoing = {
      actionId: message.id,
      providerKey: noticeKey(message.id),
      blobs: memoryBlobs(),
    };
    try {
      const effect = await renderNotice(adapters, to, message, outgoing, accounts);
      const opened = effect.account && (await accounts.forSending(effect.account));
      if (opened && opened.kind !== 'ready') return { ...opened, reason: opened.reason.replace(NO_ACCOUNT, '') };
      const context: PerformContext = {
        ...outgoing,
        attempt: message.attempt,
        signal: AbortSignal.any([stopped, AbortSignal.timeout(ATTEMPT_TIMEOUT_MS)]),
        firstAttemptAt: message.created_at,
        lastAttemptAt: message.last_attempt_at ?? new Date(),
        account: opened?.account ?? null,
        results: {},
        exchange: accounts.exchangeFor(effect.account),
      };
      if (message.may_have_arrived) {
        const said = await reconcile(adapters[to.kind], effect, context, scrub);
        if (said.kind === 'happened') return { kind: 'done', receipt: said.receipt };
      }
      return await perform(adapters[to.kind], effect, context, scrub);
    } catch (error) {
      // Nothing was sent: neither of the two that reach the outside throws.
      return { kind: 'rejected', reason: scrub(errorText(error)) };
    }
  };
}

type Adapters = Readonly<Record<NoticeDestination['kind'], RegisteredAdapter>>;

/** @throws InvalidRequestError when the destination names no account, and there are several; or one that there is not */
async function renderNotice(
  adapters: Adapters,
  to: NoticeDestination,
  { content, created_at: createdAt }: ClaimedMessage,
  outgoing: Omit<RenderContext, 'account'>,
  accounts: Accounts,
): Promise<Effect> {
  if (to.kind === 'webhook') {
    const payload = { url: to.url, body: webhookBody(content, createdAt), dedupes: true };
    return adapters.webhook.render(payload, { ...outgoing, account: null });
  }
  const provider = to.kind === 'mail' ? 'smtp' : 'slack';
  const account = accounts.forRendering({ provider, name: to.account });
  const context = { ...outgoing, account };
  if (to.kind === 'mail') {
    const text = plainText(content, MAX_MAIL_LENGTH);
    return sendEmailAdapter.render(
      { to: [to.address], subject: content.subject, text, html: simpleHtml(content) },
      context,
    );
  }
  // Not by the contract of POST_CHAT, which refuses names of channels: they may move, and here that is meant.
  return postChatAdapter.render(
    { service: 'slack', channel: to.channel, text: plainText(content, MAX_SLACK_LENGTH) },
    context,
  );
}
