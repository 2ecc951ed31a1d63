/** As much of Markdown as the checks of the documents need. */

/** The commands of the fenced `sh` blocks: one a line, continued ones joined, comments left out. */
export function commandsIn(text: string): string[] {
  const blocks = [...text.matchAll(/^```(?:sh|bash)\n([\s\S]*?)^```/gm)].map(([, block = '']) => block);
  const lines = blocks.flatMap((block) => block.replaceAll('\\\n', ' ').split('\n'));
  return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
}

/** The statements of the fenced `sql` blocks. */
export function sqlIn(text: string): string[] {
  return [...text.matchAll(/^```sql\n([\s\S]*?)^```/gm)].map(([, block = '']) => block.trim());
}

/** The targets of links and images, outside of code. */
export function linksIn(text: string): string[] {
  return [...withoutCode(text).matchAll(/\]\(([^()\s]+)\)/g)].map(([, target = '']) => target);
}

/** What stands in backticks on one line, outside of fenced blocks; `\|` in tables is `|`. */
export function codeSpansIn(text: string): string[] {
  const spans = [...withoutFences(text).matchAll(/`([^`\n]+)`/g)];
  return spans.map(([, code = '']) => code.replaceAll('\\|', '|'));
}

/** The anchors that its headings can be linked by, as GitHub forms them. */
export function anchorsIn(text: string): string[] {
  const headings = [...withoutFences(text).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => title);
  return headings.map((title) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function withoutFences(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```/gm, '');
}

function withoutCode(text: string): string {
  return withoutFences(text).replaceAll(/`[^`\n]+`/g, '');
}
