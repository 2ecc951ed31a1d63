/** What X makes of a text: how it counts, and how it stores. */

export interface XLink {
  readonly start: number;
  readonly end: number;
  readonly url: string;
  readonly expanded_url: string;
  readonly display_url: string;
}

/** With a protocol, or a bare domain: X makes a link of both. */
const LINK =
  /https?:\/\/[^\s]+[^\s.,;:!?)]|(?<![\w@$#./-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:com|org|net|io|dev)(?![-\w@]|\.\w)(?:\/[^\s]*[^\s.,;:!?)])?/giu;
const LINK_WEIGHT = 23;
const LIGHT: readonly (readonly [number, number])[] = [
  [0, 4351],
  [8192, 8205],
  [8208, 8223],
  [8242, 8247],
];

/** twitter-text 3: in NFC, light code points weigh 1, all others 2, an emoji 2 as a whole, a link 23. */
export function weightOfX(text: string): number {
  const normal = text.normalize('NFC');
  const links = normal.match(LINK)?.length ?? 0;
  const withoutLinks = normal.replaceAll(LINK, '');
  const emoji = withoutLinks.match(/\p{RGI_Emoji}/gv)?.length ?? 0;
  let weight = links * LINK_WEIGHT + emoji * 2;
  for (const character of withoutLinks.replaceAll(/\p{RGI_Emoji}/gv, '')) {
    const point = character.codePointAt(0) ?? 0;
    weight += LIGHT.some(([from, to]) => point >= from && point <= to) ? 1 : 2;
  }
  return weight;
}

/** Links become `t.co`, `& < >` become entities, and pictures leave a link at the end. */
export function storedXText(text: string, id: string, hasMedia: boolean): { text: string; links: XLink[] } {
  const links: XLink[] = [];
  let stored = '';
  let at = 0;
  const shorten = (expanded: string, display: string) => {
    const url = `https://t.co/${Buffer.from(`${id}${links.length}`).toString('base64url').slice(-10)}`;
    const start = [...stored].length;
    stored += url;
    links.push({ start, end: [...stored].length, url, expanded_url: expanded, display_url: display });
  };
  for (const match of text.matchAll(LINK)) {
    stored += asEntities(text.slice(at, match.index));
    const bare = match[0].replace(/^https?:\/\//iu, '');
    shorten(bare === match[0] ? `http://${bare}` : match[0], bare.slice(0, 30));
    at = match.index + match[0].length;
  }
  stored += asEntities(text.slice(at));
  if (hasMedia) {
    if (stored !== '') stored += ' ';
    shorten(`https://x.com/ops/status/${id}/photo/1`, `pic.x.com/${id.slice(-10)}`);
  }
  return { text: stored, links };
}

function asEntities(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
