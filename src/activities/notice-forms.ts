/** A message in the form of its destination: plain text, simple HTML, JSON. Pure. */

import type { NoticeContent, NoticeSection } from '../contracts/engine/notices.ts';
import type { JsonObject } from '../contracts/http/json.ts';
import { counted } from '../contracts/words.ts';

const FOOT = 'A link shows, and decides nothing: whoever opens it signs in.';

/** Plain text of at most so many characters: of long lists fewer are told one by one. */
export function plainText({ sections }: NoticeContent, maxLength: number): string {
  const most = Math.max(...sections.map(({ lines }) => lines.length));
  for (let perSection = most; perSection > 0; perSection -= 1) {
    const text = [...sections.map((section) => sectionText(section, perSection)), FOOT].join('\n\n');
    if (text.length <= maxLength) return text;
  }
  return sections
    .map(({ title, link }) => `${title}: ${link}`)
    .join('\n')
    .slice(0, maxLength);
}

function sectionText({ title, count, lines, link }: NoticeSection, most: number): string {
  const told = lines.slice(0, most).map((line) => `- ${line.text}\n  ${line.link}`);
  const more = count - told.length;
  return [capital(title), ...told, ...(more > 0 ? [`- and ${counted(more, 'other')}: ${link}`] : [])].join('\n');
}

/** Links and lists, and nothing that is loaded from anywhere. */
export function simpleHtml({ sections }: NoticeContent): string {
  const parts = sections.map(({ title, count, lines, link }) => {
    const told = lines.map((line) => `<li>${escaped(line.text)}<br>${anchor(line.link)}</li>`);
    const more = count - told.length;
    const rest = more > 0 ? [`<li>and ${counted(more, 'other')}: ${anchor(link)}</li>`] : [];
    return `<h3>${escaped(capital(title))}</h3>\n<ul>\n${[...told, ...rest].join('\n')}\n</ul>`;
  });
  return `<!doctype html>\n<html lang="en"><body>\n${parts.join('\n')}\n<p>${FOOT}</p>\n</body></html>\n`;
}

/** In the form of Standard Webhooks: a type, a time, data. */
export function webhookBody({ subject, sections }: NoticeContent, createdAt: Date): JsonObject {
  const data = sections.map(({ kind, title, count, lines, link }) => ({
    kind,
    title,
    count,
    link,
    lines: lines.map((line) => ({ text: line.text, link: line.link })),
  }));
  return { type: 'aol.notice', timestamp: createdAt.toISOString(), data: { subject, sections: data } };
}

function capital(title: string): string {
  return title.charAt(0).toUpperCase() + title.slice(1);
}

function anchor(link: string): string {
  return `<a href="${escaped(link)}">${escaped(link)}</a>`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/gu, (sign) => ENTITIES[sign] ?? sign);
}
