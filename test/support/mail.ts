/** An account of mail for tests, and mails rendered for it. */

import { createExchange } from '../../src/adapters/exchange/index.ts';
import { createSsrfGuard } from '../../src/adapters/exchange/ssrf-guard.ts';
import { defineAdapter, type Effect, type RenderAccount } from '../../src/adapters/port.ts';
import { registerAdapter } from '../../src/adapters/registry.ts';
import { renderArtifact } from '../../src/adapters/render.ts';
import { sendEmailAdapter } from '../../src/adapters/send-email/index.ts';
import { smtpProvider } from '../../src/adapters/send-email/provider.ts';
import type { SendEmail } from '../../src/contracts/payloads/send-email.ts';
import { memoryBlobs, performContext, SAMPLE_CONTEXT } from './contexts.ts';

export const mailAdapter = registerAdapter(sendEmailAdapter);

export interface MailAccount {
  readonly account: RenderAccount;
  readonly credential: Readonly<Record<string, string>>;
  /** What its way out may reach. */
  readonly allow: readonly string[];
}

/** An account as `aol.accounts.yaml` would give it, with its secrets beside it. */
export function mailAccount(
  settings: Readonly<Record<string, unknown>>,
  credential: Readonly<Record<string, string>> = {},
  allow: readonly string[] = [],
): MailAccount {
  const references = Object.fromEntries(
    Object.keys(credential).flatMap((name) =>
      name.includes('.') ? [] : [[name, { env: `TEST_${name.toUpperCase()}` }]],
    ),
  );
  const entry = smtpProvider.settings.parse({ from: 'shop@brand.example', ...references, ...settings });
  const { identity, server } = smtpProvider.identify(entry, credential);
  return {
    account: { name: 'shop', provider: 'smtp', identity, server, settings: entry, facts: {} },
    credential,
    allow: [server, ...allow],
  };
}

/** A mail at its proof, and what performing it is given. */
export async function proveMail(
  { account, credential, allow }: MailAccount,
  payload: Readonly<Record<string, unknown>>,
  options: {
    readonly signal?: AbortSignal;
    readonly key?: string;
    readonly firstAttemptAt?: Date;
    readonly blobs?: ReturnType<typeof memoryBlobs>;
  } = {},
) {
  const { signal, key = SAMPLE_CONTEXT.providerKey, firstAttemptAt = new Date(), blobs = memoryBlobs() } = options;
  const rendering = { ...SAMPLE_CONTEXT, providerKey: key, account, blobs };
  const artifact = await renderArtifact(mailAdapter, payload, rendering);
  const { request } = artifact.effect;
  if (request.protocol !== 'smtp') throw new Error('no mail came of it');
  const message = Buffer.from(await blobs.read(request.message));
  return {
    artifact,
    effect: artifact.effect,
    request,
    message,
    /** What a server gets, where nobody signs. */
    sent: Buffer.concat([Buffer.from(`Date: ${firstAttemptAt.toUTCString().replace('GMT', '+0000')}\r\n`), message]),
    context: performContext({
      allow,
      blobs,
      providerKey: key,
      firstAttemptAt,
      account: { ...account, credential: async () => credential },
      ...(signal && { signal }),
    }),
  };
}

/** The header fields of a message, unfolded, in their order. */
export function headerFields(message: Uint8Array): readonly (readonly [name: string, value: string])[] {
  const [head = ''] = Buffer.from(message).toString('latin1').split('\r\n\r\n');
  return head
    .replaceAll(/\r\n[ \t]+/gu, ' ')
    .split('\r\n')
    .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const);
}

/** The adapter of mail for a worker that knows of no accounts: this one account speaks, and its way out is its own. */
export function mailOf({ account, credential, allow }: MailAccount) {
  const type = 'PLAY_EMAIL';
  const exchange = createExchange(createSsrfGuard(allow), () =>
    Promise.reject(new Error('a mail names no file at sending')),
  );
  const sending = { ...account, credential: async () => credential };
  const { name, provider, identity, server } = account;
  const spoken = (effect: Effect): Effect => ({ ...effect, account: { name, provider, identity, server } });
  const { perform, reconcile } = sendEmailAdapter;
  if (!perform || !reconcile) throw new Error('the adapter sends');
  return defineAdapter<SendEmail>({
    contract: { ...sendEmailAdapter.contract, type },
    version: sendEmailAdapter.version,
    redelivery: sendEmailAdapter.redelivery,
    async render(mail, context) {
      return { ...(await sendEmailAdapter.render(mail, { ...context, account })), type, account: null };
    },
    perform: (effect, context) => perform(spoken(effect), { ...context, exchange, account: sending }),
    reconcile: (effect, context) => reconcile(spoken(effect), { ...context, exchange, account: sending }),
  });
}
