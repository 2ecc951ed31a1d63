/** What the documents name exists: links, commands with their options, variables. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { runCli } from '../../src/cli/program.ts';
import { anchorsIn, codeSpansIn, commandsIn, linksIn } from '../support/markdown.ts';
import { readmeCommands, tutorialCommands } from '../support/readme.ts';
import { markdownFiles } from '../support/repository.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pages = markdownFiles(root).map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
const named = (path: string) => pages.filter((page) => page.path === path || page.path.startsWith(`${path}/`));
const userPages = [...named('README.md'), ...named('CONTRIBUTING.md'), ...named('docs')];

describe('links', () => {
  test('there are pages to check', () => {
    expect(pages.map(({ path }) => path)).toEqual(expect.arrayContaining(['README.md', 'docs/architecture.md']));
  });

  test.each(pages.map((page) => [page.path, page] as const))('%s: what it links to exists', (path, { text }) => {
    const local = linksIn(text).filter((target) => !/^[a-z]+:/.test(target));
    expect(local.filter((target) => !leadsSomewhere(path, target))).toEqual([]);
  });

  test('a wrong link is found', () => {
    expect(linksIn('[a](docs/nowhere.md) `[b](c.md)`')).toEqual(['docs/nowhere.md']);
    expect(leadsSomewhere('README.md', 'docs/nowhere.md')).toBe(false);
    expect(leadsSomewhere('README.md', 'docs/architecture.md#nowhere')).toBe(false);
    expect(leadsSomewhere('docs/README.md', 'architecture.md#the-life-of-a-tick')).toBe(true);
  });
});

describe('commands', () => {
  const commands = userPages.flatMap(({ path, text }) => aolCommands(path, text));

  test('the documents name commands', () => {
    expect(commands.length).toBeGreaterThan(10);
  });

  test.each([...new Set(commands)])('%s exists, with its options', async (command) => {
    expect(await unknownParts(command)).toEqual([]);
  });

  test('a wrong command and a wrong option are found', async () => {
    expect(await unknownParts('aol nonsense')).toEqual(['aol nonsense']);
    expect(await unknownParts('aol actions nonsense ID')).toEqual(['aol actions nonsense']);
    expect(await unknownParts('aol enqueue TYPE --nonsense 1 --key K')).toEqual(['aol enqueue --nonsense']);
  });
});

describe('variables', () => {
  const example = readFileSync(join(root, '.env.example'), 'utf8');
  const known = new Set([...example.matchAll(/^#?([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name));
  const codes = readFileSync(join(root, 'docs', 'errors.md'), 'utf8');
  /** Of tests, of docker compose and of the Caddyfile alone. */
  const elsewhere = /^AOL_TEST_|^AOL_RUN_PASSWORD$|^AOL_DOMAIN$/;

  test.each(userPages.map((page) => [page.path, page] as const))('%s: what it names exists', (_path, { text }) => {
    const names = [...new Set(text.match(/\bAOL_[A-Z0-9_]*[A-Z0-9]\b/g))];
    const unknown = names.filter((name) => !known.has(name) && !codes.includes(`\`${name}\``) && !elsewhere.test(name));
    expect(unknown).toEqual([]);
  });
});

test('the README has the commands that the end-to-end test types, and names both main commands', () => {
  expect(readmeCommands()).toEqual([
    'npm start',
    `npx aol enqueue POST_SOCIAL --payload '{"platform":"bluesky","content":"Hello"}' --key first`,
    'npx aol actions show ID',
    ...tutorialCommands('first-quarter-hour').slice(0, 7),
    expect.stringMatching(/^curl .*message-id:aol-ID@/u),
  ]);
  expect(named('README.md').flatMap(({ text }) => codeSpansIn(text))).toContain('npm test');
});

/** Whether a relative link leads to a file within the repository and, where it has one, to a heading of it. */
function leadsSomewhere(from: string, target: string): boolean {
  const [file = '', anchor] = target.split('#');
  const path = file === '' ? from : join(dirname(from), file);
  if (path.startsWith('..') || !existsSync(join(root, path))) return false;
  return anchor === undefined || anchorsIn(readFileSync(join(root, path), 'utf8')).includes(anchor);
}

/** Commands in fenced blocks and in backticks; in the table of `docs/cli.md` they stand without `aol`. */
function aolCommands(path: string, text: string): string[] {
  const spans = codeSpansIn(text).map((code) => code.replace(/^npx /, ''));
  const inTable = path === 'docs/cli.md' ? codeSpansIn(firstColumn(text)).filter((code) => /^[a-z]/.test(code)) : [];
  return [
    ...commandsIn(text).flatMap((line) => /\baol [a-z].*/.exec(line)?.[0] ?? []),
    ...spans.filter((code) => /^aol [a-z]/.test(code)),
    ...inTable.map((code) => `aol ${code}`),
  ];
}

function firstColumn(text: string): string {
  const rows = text.split('\n').filter((line) => line.startsWith('| `'));
  return rows.map((row) => /^\|(.*?)(?<!\\)\|/.exec(row)?.[1] ?? '').join('\n');
}

/** The parts of a command line that the command line's own help does not know. */
async function unknownParts(command: string): Promise<string[]> {
  const words = command
    .replaceAll(/'[^']*'/g, 'VALUE')
    .replaceAll(/[[\]…]/g, ' ')
    .split(/[\s=]+/)
    .filter(Boolean);
  const options = words.filter((word) => /^--[a-z]/.test(word));
  // Names of commands come first; a value is in capitals, begins with a sign or a digit, or follows an option.
  const path: string[] = [];
  for (const word of words.slice(1)) {
    if (!/^[a-z][a-z-]*$/.test(word)) break;
    path.push(word);
  }
  // `aol help COMMAND` is commander's own.
  if (path[0] === 'help') path.shift();
  const help = await helpOf(path);
  if (help === undefined) return [`aol ${path.join(' ')}`];
  const general = (await helpOf([])) ?? '';
  const missing = options.filter((option) => ![help, general].some((text) => hasOption(text, option)));
  return missing.map((option) => `aol ${path.join(' ')} ${option}`);
}

function hasOption(help: string, option: string): boolean {
  return new RegExp(`^\\s+(-\\w, )?${option}(?![\\w-])`, 'm').test(help);
}

/** The help of a command, or undefined when there is none of this name. */
async function helpOf(path: readonly string[]): Promise<string | undefined> {
  const lines: string[] = [];
  const exitCode = await runCli([...path, '--help'], {
    out: (text) => lines.push(text),
    outBytes: () => undefined,
    talk: () => undefined,
    isTerminal: false,
    isOutTerminal: false,
    color: false,
    readStdin: () => Promise.resolve(new Uint8Array()),
    ask: () => Promise.reject(new Error('nobody is there to be asked')),
    config: () => Promise.reject(new Error('help needs no configuration')),
  });
  const help = lines.join('\n');
  return exitCode === 0 && new RegExp(`^Usage: ${['aol', ...path].join(' ')}(?![\\w-])`).test(help) ? help : undefined;
}
