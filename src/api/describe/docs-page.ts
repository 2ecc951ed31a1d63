/** The description as one page: no script, and only its own style, which the policy names by its hash. */

import { createHash } from 'node:crypto';
import { isObject } from '../../contracts/http/json.ts';
import type { Description } from './openapi.ts';

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid; }
summary { cursor: pointer; padding: .25rem 0; }
code, pre { font: .875rem/1.4 ui-monospace, monospace; }
pre { overflow: auto; max-height: 24rem; padding: .75rem; border: 1px solid; border-radius: .25rem; }
table { border-collapse: collapse; }
td { padding: .1rem 1rem .1rem 0; vertical-align: top; }
`;

/** Nothing is loaded and nothing runs; the one style is this one. */
export const docsPolicy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`;

export function docsPage(description: Description): string {
  const operations = operationsOf(description);
  const tags = [...new Set(operations.map(({ tag }) => tag))];
  const sections = tags.map((tag) => {
    const own = operations.filter((operation) => operation.tag === tag);
    return `<section><h2 id="${escaped(tag)}">${escaped(tag)}</h2>${own.map(section).join('')}</section>`;
  });
  const schemas = entriesOf(field(description.components, 'schemas')).map(
    ([name, schema]) =>
      `<details id="${escaped(name)}"><summary><code>${escaped(name)}</code></summary><pre>${json(schema, 2)}</pre></details>`,
  );
  const contents = [...tags, 'schemas'].map((tag) => `<a href="#${escaped(tag)}">${escaped(tag)}</a>`).join(' · ');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>AOL: HTTP</title><style>${STYLE}</style></head>
<body><h1>AOL over HTTP</h1>
<p>JSON in and out. Errors are problems of RFC 9457 with a stable <code>code</code>. The same for programs: <a href="/openapi.json">openapi.json</a>.</p>
<nav>${contents}</nav>
<main>${sections.join('\n')}
<section><h2 id="schemas">schemas</h2>${schemas.join('')}</section></main></body></html>
`;
}

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  readonly parameters: readonly Description[];
  readonly body: unknown;
  readonly responses: Description;
}

function operationsOf({ paths }: Description): Operation[] {
  return entriesOf(paths).flatMap(([path, methods]) =>
    entriesOf(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      tag: textOf(listOf(field(operation, 'tags'))[0]),
      summary: textOf(field(operation, 'summary')),
      description: textOf(field(operation, 'description')),
      parameters: listOf(field(operation, 'parameters')).filter(isObject),
      body: field(field(field(field(operation, 'requestBody'), 'content'), 'application/json'), 'schema'),
      responses: Object.fromEntries(entriesOf(field(operation, 'responses'))),
    })),
  );
}

function section({ method, path, summary, description, parameters, body, responses }: Operation): string {
  const parameterRows = parameters.map(
    (parameter) =>
      `<tr><td><code>${escaped(textOf(parameter.name))}</code></td><td>in ${escaped(textOf(parameter.in))}${parameter.required === true ? ', required' : ''}</td><td><code>${json(parameter.schema, 0)}</code></td></tr>`,
  );
  const responseRows = entriesOf(responses).map(
    ([status, response]) =>
      `<tr><td>${escaped(status)}</td><td>${escaped(textOf(field(response, 'description')))}</td></tr>`,
  );
  return `<details><summary><code>${method} ${escaped(path)}</code> ${escaped(summary)}</summary>
<p>${escaped(description)}</p>
${parameterRows.length > 0 ? `<h3>Parameters</h3><table>${parameterRows.join('')}</table>` : ''}
${body === undefined ? '' : `<h3>Body</h3><pre>${json(body, 2)}</pre>`}
<h3>Answers</h3><table>${responseRows.join('')}</table>
${successOf(responses)}</details>`;
}

function successOf(responses: Description): string {
  const [, success] = entriesOf(responses).find(([status]) => status.startsWith('2')) ?? [];
  const schema = field(field(field(success, 'content'), 'application/json'), 'schema');
  return schema === undefined ? '' : `<h3>Answer</h3><pre>${json(schema, 2)}</pre>`;
}

function json(value: unknown, indent: number): string {
  const text = escaped(JSON.stringify(value, null, indent) ?? '');
  return text.replaceAll(/#\/components\/schemas\/(\w+)/gu, '<a href="#$1">$1</a>');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function entriesOf(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value) : [];
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function field(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}
