/**
 * Turns an e-mail's HTML into what may stand in the frame. The frame has no scripts and inherits the page's policy, which
 * loads nothing from elsewhere; what they would refuse is taken out before, so that a mail does not fill the console.
 */

export interface SealedMail {
  readonly html: string;
  /** Style sheets, put in by script: the policy refuses those that stand in HTML. */
  readonly sheets: readonly string[];
  /** How many parts were taken out. */
  readonly removed: number;
}

interface HtmlPolicy {
  createHTML(html: string): unknown;
}

declare global {
  interface Window {
    trustedTypes?: { createPolicy(name: string, rules: { createHTML(html: string): string }): HtmlPolicy };
  }
}

/** The page's policy allows HTML from here and from nowhere else (`trusted-types aol-mail`). */
const policy: HtmlPolicy = window.trustedTypes?.createPolicy('aol-mail', { createHTML: (html) => html }) ?? {
  createHTML: (html) => html,
};

const FORBIDDEN =
  'script, noscript, iframe, frame, frameset, object, embed, applet, link, base, meta, form, input, button, select, textarea, audio, video, source, track, portal, template, svg, math';
const STYLE = 'data-aol-style';
const HANDLER = 'data-aol-handler-';
const LOADING = [
  'src',
  'srcset',
  'background',
  'poster',
  'data',
  'ping',
  'action',
  'formaction',
  'xlink:href',
] as const;

export function sealedMail(html: string): SealedMail {
  const parsed = parse(html);
  const sheets = [...parsed.querySelectorAll('style')].map((sheet) => sheet.textContent ?? '');
  for (const sheet of parsed.querySelectorAll('style')) sheet.remove();
  const forbidden = parsed.querySelectorAll(FORBIDDEN);
  for (const element of forbidden) element.remove();
  let removed = forbidden.length;
  for (const element of parsed.querySelectorAll('*')) removed += seal(element);
  const holder = document.createElement('div');
  holder.append(parsed);
  return { html: holder.innerHTML, sheets, removed };
}

function seal(element: Element): number {
  let removed = 0;
  for (const { name } of [...element.attributes]) {
    if (/^on/iu.test(name) || name.startsWith(HANDLER)) {
      element.removeAttribute(name);
      removed += 1;
    }
  }
  for (const name of LOADING) {
    const value = element.getAttribute(name);
    if (value === null || (name === 'src' && value.startsWith('data:image/'))) continue;
    element.removeAttribute(name);
    removed += 1;
  }
  // A link shows where it would lead, and leads nowhere.
  const target = element.getAttribute('href');
  if (target !== null) {
    element.removeAttribute('href');
    element.setAttribute('title', target);
    element.classList.add('aol-link');
  }
  const style = element.getAttribute('style');
  if (style !== null) {
    element.removeAttribute('style');
    element.setAttribute(STYLE, style);
  }
  return removed;
}

/**
 * The policy refuses styles and handlers in attributes, and complains of each. Under other names styles are kept until a script
 * puts them back, and handlers until they are taken out.
 */
function renamed(html: string): string {
  return html.replaceAll(/<[a-z][^>]*>/giu, (tag) =>
    tag.replaceAll(/(?<=[\s"'/])style(?=\s*=)/giu, STYLE).replaceAll(/(?<=[\s"'/])on(?=[a-z]+\s*=)/giu, HANDLER),
  );
}

/** The content of a template is read, and nothing of it runs, loads or is styled. */
function parse(html: string): DocumentFragment {
  const template = document.createElement('template');
  Object.assign(template, { innerHTML: policy.createHTML(renamed(html)) });
  return template.content;
}

/** What the frame's `srcdoc` is set to. */
export function frameContent({ html }: SealedMail): unknown {
  return policy.createHTML(`<!doctype html>${html}`);
}

const OWN_SHEET = `
  html { color-scheme: light; background: #fff; color: #16191d; font: 15px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
  body { margin: 16px; }
  .aol-link { color: #1a56a8; text-decoration: underline; cursor: help; }
  img { max-width: 100%; }
  img:not([src]) { display: inline-block; min-width: 24px; min-height: 18px; border: 1px dashed #868e8a; color: #5d6672; }
`;

/** Puts the mail's own styles back, by script. Sheets that import or load something load nothing: the policy holds. */
export function applyStyles(inner: Document, sheets: readonly string[]): void {
  for (const element of inner.querySelectorAll(`[${STYLE}]`)) {
    const style = withoutLoading(element.getAttribute(STYLE) ?? '');
    const own: unknown = Reflect.get(element, 'style');
    if (typeof own === 'object' && own !== null) Reflect.set(own, 'cssText', style);
  }
  const Sheet: unknown = inner.defaultView && Reflect.get(inner.defaultView, 'CSSStyleSheet');
  if (typeof Sheet !== 'function') return;
  inner.adoptedStyleSheets = [OWN_SHEET, ...sheets].map((text) => {
    const sheet: CSSStyleSheet = Reflect.construct(Sheet, []);
    sheet.replaceSync(withoutLoading(text));
    return sheet;
  });
}

function withoutLoading(css: string): string {
  return css.replaceAll(/@import[^;]*;?/giu, '').replaceAll(/url\((?!\s*['"]?data:image\/)[^)]*\)/giu, 'none');
}
