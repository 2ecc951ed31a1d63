/** One line of what an action does, for lists: from its payload, or from what {@link SUMMARY_SOURCE_LENGTH} leaves of it. */

import { isObject } from '../http/json.ts';
import { knownWord } from '../words.ts';
import { postText, SOCIAL_PLATFORMS, type SocialPlatform } from './post-social-length.ts';

/** A summary reads no more than so many characters of any field. */
export const SUMMARY_SOURCE_LENGTH = 300;
/** More fields than the payload of any type has. A summary reads no more of an object than these. */
export const SUMMARY_FIELDS = 50;
const RECEIVER_LENGTH = 60;

export function summaryOf(type: string, payload: Readonly<Record<string, unknown>>): string {
  return oneLine(wordsOf(type, payload));
}

function wordsOf(type: string, payload: Readonly<Record<string, unknown>>): string {
  switch (type) {
    case 'POST_SOCIAL':
      return `${platformName(text(payload.platform))}: ${postText(text(payload.content), text(payload.link) || undefined)}`;
    case 'SEND_EMAIL':
      return `To ${[payload.to].flat().map(text).join(', ')}: ${text(payload.subject)}`;
    case 'CALL_WEBHOOK':
      return webhookWords(payload);
    case 'POST_CHAT':
      return `${text(payload.service)} ${text(payload.channel)}: ${text(payload.text)}`;
    default:
      return contentOf(payload) || JSON.stringify(payload);
  }
}

/** Of two calls of one address the body tells which is which. */
function webhookWords({ method, url, body }: Readonly<Record<string, unknown>>): string {
  const verb = text(method) || 'POST';
  const words = contentOf(body);
  if (words === '') return `${verb} ${text(url)}`;
  const receiver = text(url).replace(/^https?:\/\//u, '');
  return `${verb === 'POST' ? '' : `${verb} `}${cut(receiver, RECEIVER_LENGTH)}: ${words}`;
}

/** Names of fields that people wrote something into, the most telling first. */
const TELLING = ['title', 'subject', 'text', 'content', 'message', 'summary', 'prompt', 'name'];

/** The words of a body or of a payload: its telling field, or else its short fields as `order 42, status shipped`. */
function contentOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (!isObject(value)) return '';
  const fields = new Map(Object.entries(value).slice(0, SUMMARY_FIELDS).filter(isShort));
  const telling = TELLING.map((name) => text(fields.get(name))).find((words) => words.trim() !== '');
  return telling ?? [...fields].map(([name, field]) => `${name} ${String(field)}`).join(', ');
}

/** `…` stands for what is too long for a summary. */
function isShort([name, value]: readonly [string, unknown]): boolean {
  return name.length <= RECEIVER_LENGTH && value !== '…' && ['string', 'number', 'boolean'].includes(typeof value);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function cut(words: string, length: number): string {
  return words.length > length ? `${words.slice(0, length - 1).toWellFormed()}…` : words;
}

function oneLine(words: string): string {
  return words.slice(0, SUMMARY_SOURCE_LENGTH).replaceAll(/\s+/gu, ' ').trim().toWellFormed();
}

const PLATFORM_NAMES: Readonly<Record<SocialPlatform, string>> = {
  x: 'X',
  bluesky: 'Bluesky',
  mastodon: 'Mastodon',
  linkedin: 'LinkedIn',
};

export function platformName(platform: string): string {
  const known = knownWord(SOCIAL_PLATFORMS, platform);
  return known ? PLATFORM_NAMES[known] : platform || 'a platform';
}
