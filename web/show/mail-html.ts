/**
 * Turns an e-mail's HTML into what may stand in the frame. The frame has no scripts and inherits the page's policy, which
 * loads nothing from elsewhere; what they would refuse is taken out before, so that a mail does not fill the console.
 */

import DOMPurify, { type Config } from 'dompurify';

export interface SealedMail {
  readonly html: string;
  /** Style sheets, put in by script: the policy refuses those that stand in HTML. */
  readonly sheets: readonly string[];
  /** How many parts were taken out. */
  readonly removed: number;
}

type TrustedPolicy = NonNullable<Config['TRUSTED_TYPES_POLICY']>;

declare global {
  interface Window {
    trustedTypes?: {
      createPolicy(
        name: string,
        rules: { createHTML(html: string): string; createScriptURL(url: string): string },
      ): TrustedPolicy;
    };
  }
}

/** The page's policy allows HTML from here and from nowhere else (`trusted-types aol-mail`). */
const policy = window.trustedTypes?.createPolicy('aol-mail', {
  createHTML: (html: string) => html,
  createScriptURL: () => {
    throw new TypeError('a mail loads no script');
  },
});

const STYLE = 'data-aol-style';
const HANDLER = 'data-aol-handler-';
/** Besides what DOMPurify never lets through: what asks for something, plays, or would load from the network. */
const FORBIDDEN_TAGS = [
  'form',
  'input',
  'button',
  'select',
  'textarea',
  'audio',
  'video',
  'source',
  'track',
  'picture',
];
const FORBIDDEN_ATTRIBUTES = ['srcset', 'background', 'poster', 'ping', 'action', 'formaction'];

DOMPurify.addHook('uponSanitizeAttribute', (_element, attribute) => {
  const { attrName, attrValue } = attribute;
  const loads = attrName === 'src' && !attrValue.startsWith('data:image/');
  if (loads || attrName.startsWith(HANDLER)) attribute.keepAttr = false;
});
DOMPurify.addHook('afterSanitizeAttributes', (element) => {
  // A link shows where it would lead, and leads nowhere.
  const target = element.getAttribute('href');
  if (target !== null) {
    element.removeAttribute('href');
    element.setAttribute('title', target);
    element.classList.add('aol-link');
  }
  // The page's policy refuses styles that stand in HTML: a script puts them back.
  const style = element.getAttribute('style');
  if (style !== null) {
    element.removeAttribute('style');
    element.setAttribute(STYLE, style);
  }
});

export function sealedMail(html: string): SealedMail {
  const parsed = parse(html);
  const styles = [...parsed.querySelectorAll('style')];
  for (const style of styles) style.remove();
  const fragment = DOMPurify.sanitize(parsed, {
    RETURN_DOM_FRAGMENT: true,
    USE_PROFILES: { html: true },
    FORBID_TAGS: FORBIDDEN_TAGS,
    FORBID_ATTR: FORBIDDEN_ATTRIBUTES,
    ...(policy && { TRUSTED_TYPES_POLICY: policy }),
  });
  const holder = document.createElement('div');
  holder.append(fragment);
  const sheets = styles.map((style) => style.textContent ?? '');
  return { html: holder.innerHTML, sheets, removed: DOMPurify.removed.length };
}

/** Into the content of a template: it is read as a page is, and nothing of it runs, loads or is styled. */
function parse(html: string): Element {
  const template = document.createElement('template');
  const text = renamed(html);
  Object.assign(template, { innerHTML: policy ? policy.createHTML(text) : text });
  const root = template.content.ownerDocument.createElement('div');
  root.append(template.content);
  return root;
}

/**
 * The policy refuses styles and handlers that stand in attributes as soon as they are parsed, and complains of each. Under other
 * names it is quiet; what this misses DOMPurify still takes out. In one pass: a mail may be long, and hostile.
 */
function renamed(html: string): string {
  return html.replaceAll(/<[a-z][^<>]*/giu, (tag) =>
    tag.replaceAll(/(?<=[\s"'/])style(?=\s*=)/giu, STYLE).replaceAll(/(?<=[\s"'/])on(?=[a-z]+\s*=)/giu, HANDLER),
  );
}

/** What the frame's `srcdoc` is set to. */
export function frameContent({ html }: SealedMail): unknown {
  const page = `<!doctype html>${html}`;
  return policy ? policy.createHTML(page) : page;
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
  return css.replaceAll(/@import[^;]*;?/giu, '').replaceAll(/url\((?!\s*['"]?data:image\/)[^()]*\)?/giu, 'none');
}
