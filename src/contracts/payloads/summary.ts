/** One line of what an action does, for lists: from its payload, or from what {@link SUMMARY_SOURCE_LENGTH} leaves of it. */

import { knownWord } from '../words.ts';
import { postText, SOCIAL_PLATFORMS, type SocialPlatform } from './post-social-length.ts';

/** A summary reads no more than so many characters of any field. */
export const SUMMARY_SOURCE_LENGTH = 300;

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
      return `${text(payload.method) || 'POST'} ${text(payload.url)}`;
    default:
      return JSON.stringify(payload);
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
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
