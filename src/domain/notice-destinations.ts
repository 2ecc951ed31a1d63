/** `AOL_NOTICES`: where notices go. */

import { isPrivateWay } from './addresses.ts';
import { sha256Hex } from './hashing.ts';

interface ToPeople {
  readonly name: string;
  /** The account that speaks. */
  readonly account?: string;
  /** A person's or token's name: then it is told of approvals alone, and of those only that this one may decide. */
  readonly approver?: string;
}

export type NoticeDestination =
  | (ToPeople & { readonly kind: 'mail'; readonly address: string })
  | (ToPeople & { readonly kind: 'slack'; readonly channel: string })
  | { readonly kind: 'webhook'; readonly name: string; readonly url: string; readonly approver?: undefined };

const MAX_DESTINATIONS = 20;
const MAX_LENGTH = 300;
const MAIL = /^mailto:([^\s@,?<>"]+@[^\s@,?<>"]+)$/u;
const SLACK = /^slack:(#[^\s,?#]{1,80}|[CDGUW][A-Z0-9]{5,20})$/u;
const OPTIONS = {
  account: /^[a-z0-9][a-z0-9._-]{0,62}$/u,
  approver: /^[^\s,?&=]{1,200}$/u,
} as const;

/**
 * Reads `mailto:anna@example.com?approver=@anna,slack:#approvals?account=team,https://hooks.example/aol`.
 *
 * @returns undefined when one of them is none, or stands twice
 */
export function parseNoticeDestinations(text: string): readonly NoticeDestination[] | undefined {
  const texts = text.split(',').map((one) => one.trim());
  if (texts.length > MAX_DESTINATIONS) return undefined;
  const parsed = texts.map(destinationOf).filter((one) => one !== undefined);
  const names = new Set(parsed.map(({ name }) => name));
  return parsed.length === texts.length && names.size === texts.length ? parsed : undefined;
}

function destinationOf(text: string): NoticeDestination | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  if (/^https?:/u.test(text)) return webhookAt(text);
  const [place = '', query, ...more] = text.split('?');
  const options = query === undefined ? {} : optionsIn(query);
  if (more.length > 0 || options === undefined) return undefined;
  const address = MAIL.exec(place)?.[1];
  if (address !== undefined) return { kind: 'mail', name: text, address, ...options };
  const channel = SLACK.exec(place)?.[1];
  return channel === undefined ? undefined : { kind: 'slack', name: text, channel, ...options };
}

/** `account=team&approver=@anna`, in any order; undefined where one is unknown, wrong, or stands twice. */
function optionsIn(query: string): Pick<ToPeople, 'account' | 'approver'> | undefined {
  const options: { -readonly [Name in keyof typeof OPTIONS]?: string } = {};
  for (const part of query.split('&')) {
    const [name, value = '', ...more] = part.split('=');
    if ((name !== 'account' && name !== 'approver') || name in options) return undefined;
    if (more.length > 0 || !OPTIONS[name].test(value)) return undefined;
    options[name] = value;
  }
  return options;
}

/** Path and query of a webhook may be its secret: its name has the host, and a mark by which two of one host differ. */
function webhookAt(text: string): NoticeDestination | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.username || url.password || url.hash || !isPrivateWay(text)) return undefined;
  return { kind: 'webhook', name: `${url.origin}/…${sha256Hex(url.href).slice(0, 8)}`, url: url.href };
}
