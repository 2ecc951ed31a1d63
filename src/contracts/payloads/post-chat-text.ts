/** What a text becomes in each chat, and how long it is there. Runs in browsers too: a page counts while somebody types. */

import type { ContentLength } from './post-social-length.ts';

export const CHAT_SERVICES = ['slack', 'discord', 'matrix'] as const;
export type ChatService = (typeof CHAT_SERVICES)[number];

const UTF8 = new TextEncoder();

/** The text as it is sent: a reader sees what the payload says, and nothing in it is a command or calls anybody. */
export function chatText(service: ChatService, text: string): string {
  if (service === 'slack') return slackText(text);
  return service === 'discord' ? discordText(text) : text;
}

/** How long a text is as it is sent. Slack and Discord do not say whether they count code points: UTF-16 is the stricter. */
export function chatLength(service: ChatService, text: string): ContentLength {
  switch (service) {
    case 'slack':
      // Slack takes up to 40,000, and cuts silently beyond; it advises 4,000.
      return { used: slackText(text).length, limit: 4_000, unit: 'characters' };
    case 'discord':
      return { used: discordText(text).length, limit: 2_000, unit: 'characters' };
    case 'matrix':
      // An event may have 64 KiB of JSON, with what the server adds to it.
      return { used: UTF8.encode(JSON.stringify(text)).length, limit: 60_000, unit: 'bytes' };
  }
}

/** These three and no others are markup in Slack: `<!channel>` would call everybody. */
function slackText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const DISCORD_MARKUP = /[\\*_~`|[\]<>]|(?<=^[ \t]*)[#+-]|(?<=^[ \t]*\d{1,9})\./gmu;
/** What Discord takes for an address, whatever its domain. */
const DISCORD_ADDRESS = /https?:\/\/[^\s<]+[^<.,:;"'\]\s]/gu;

/** Discord's Markdown with a backslash before each sign; addresses stay, or they would lead elsewhere. */
function discordText(text: string): string {
  const addresses = [...text.matchAll(DISCORD_ADDRESS)].map(({ index, 0: found }) => ({
    start: index,
    end: index + found.length,
  }));
  let next = 0;
  return text.replace(DISCORD_MARKUP, (sign, offset: number) => {
    while ((addresses[next]?.end ?? offset + 1) <= offset) next += 1;
    return offset >= (addresses[next]?.start ?? offset + 1) ? sign : `\\${sign}`;
  });
}
