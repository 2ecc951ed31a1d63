/** Imports point one way. The linter checks it (`biome.json`, overrides); here it is shown that the linter does. */

import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What each folder of `src` may import besides itself: `docs/architecture.md` in a form that a test can read. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  contracts: ['domain'],
  client: ['contracts', 'domain'],
  workflows: ['contracts', 'domain'],
  adapters: ['contracts', 'domain'],
  accounts: ['adapters', 'contracts', 'db', 'domain'],
  artifacts: ['contracts', 'domain'],
  db: ['contracts', 'domain', 'migrations'],
  temporal: ['contracts', 'domain'],
  observability: ['contracts', 'domain'],
  testing: ['adapters', 'contracts', 'domain'],
  activities: ['accounts', 'adapters', 'artifacts', 'contracts', 'db', 'domain'],
  worker: ['accounts', 'activities', 'adapters', 'artifacts', 'contracts', 'db', 'domain', 'observability', 'temporal'],
  api: ['contracts', 'db', 'domain', 'observability', 'temporal'],
  config: ['domain'],
  local: ['domain'],
  mcp: ['client', 'contracts', 'domain'],
  cli: [
    'api',
    'artifacts',
    'client',
    'config',
    'contracts',
    'db',
    'domain',
    'local',
    'mcp',
    'observability',
    'temporal',
    'testing',
    'worker',
  ],
};
const folders = Object.keys(mayImport);

interface Case {
  readonly path: string;
  /** One line of code. */
  readonly line: string;
  readonly isAllowed: boolean;
}

/** Every pair of folders, from a file of the folder itself and from one in a folder within it. */
const pairs: readonly Case[] = folders.flatMap((folder) =>
  [...folders, 'migrations']
    .filter((other) => other !== folder)
    .flatMap((other) => {
      const isAllowed = mayImport[folder]?.includes(other) === true;
      const up = other === 'migrations' ? '../..' : '..';
      return [
        { path: `src/${folder}/a.ts`, line: `import '${up}/${other}/a.ts';`, isAllowed },
        { path: `src/${folder}/within/a.ts`, line: `import '../${up}/${other}/a.ts';`, isAllowed },
      ];
    }),
);

const others: readonly Case[] = [
  { path: 'src/domain/b.ts', line: "import 'node:fs';", isAllowed: false },
  { path: 'src/domain/b.ts', line: "import 'pg';", isAllowed: false },
  { path: 'src/domain/b.ts', line: "import 'canonicalize';", isAllowed: true },
  { path: 'src/domain/hashing.ts', line: "import 'node:crypto';", isAllowed: true },
  { path: 'src/domain/hashing.ts', line: "import 'node:fs';", isAllowed: false },
  { path: 'src/domain/hashing.ts', line: "import '../contracts/names.ts';", isAllowed: false },
  { path: 'src/contracts/b.ts', line: "import 'node:crypto';", isAllowed: false },
  { path: 'src/contracts/b.ts', line: "import '../domain/hashing.ts';", isAllowed: false },
  { path: 'src/contracts/b.ts', line: "import '@temporalio/common';", isAllowed: false },
  { path: 'src/contracts/b.ts', line: "import 'zod';", isAllowed: true },
  { path: 'src/contracts/payloads/b.ts', line: "import '../http/json.ts';", isAllowed: true },
  { path: 'src/workflows/b.ts', line: "import 'node:timers/promises';", isAllowed: false },
  { path: 'src/workflows/b.ts', line: "import '../domain/hashing.ts';", isAllowed: false },
  { path: 'src/workflows/b.ts', line: "import type { A } from '../activities/bookkeeping.ts';", isAllowed: false },
  { path: 'src/workflows/b.ts', line: "import '@temporalio/client';", isAllowed: false },
  { path: 'src/workflows/b.ts', line: "import '@temporalio/workflow';", isAllowed: true },
  { path: 'src/adapters/b.ts', line: "import 'pg';", isAllowed: false },
  { path: 'src/cli/b.ts', line: "await import('../adapters/index.ts');", isAllowed: false },
  { path: 'src/cli/b.ts', line: "export * from '../activities/bookkeeping.ts';", isAllowed: false },
  { path: 'src/cli/b.ts', line: "await import('../worker/create-worker.ts');", isAllowed: true },
  { path: 'src/index.ts', line: "import './cli/main.ts';", isAllowed: false },
  { path: 'src/index.ts', line: "import './worker/create-worker.ts';", isAllowed: true },
  { path: 'migrations/b.ts', line: "import '../src/domain/states.ts';", isAllowed: false },
  { path: 'migrations/b.ts', line: "import 'knex';", isAllowed: true },
  { path: 'bin/b.mjs', line: "import '../src/index.ts';", isAllowed: false },
  { path: 'web/b.ts', line: "import '../src/client/client.ts';", isAllowed: true },
  { path: 'web/b.ts', line: "import '../src/domain/flags.ts';", isAllowed: true },
  { path: 'web/pages/b.ts', line: "import '../../src/db/pool.ts';", isAllowed: false },
  { path: 'web/pages/b.ts', line: "import '../../src/api/app.ts';", isAllowed: false },
  { path: 'web/b.ts', line: "import '../src/domain/hashing.ts';", isAllowed: false },
  { path: 'web/b.ts', line: "import 'node:fs';", isAllowed: false },
];

describe('the linter', () => {
  let refused: ReadonlySet<string>;
  beforeAll(() => {
    refused = lint([...pairs, ...others]);
  });
  const verdict = ({ path, line }: Case) => (refused.has(`${path}: ${line}`) ? 'refused' : 'allowed');
  const wanted = ({ isAllowed }: Case) => (isAllowed ? 'allowed' : 'refused');

  test.each(folders)('%s: refuses every import against the direction, and no other', (folder) => {
    const cases = pairs.filter(({ path }) => path.startsWith(`src/${folder}/`));
    const wrong = cases.filter((one) => verdict(one) !== wanted(one));
    expect(wrong).toEqual([]);
  });

  test.each(others.map((one) => [one.path, one.line, wanted(one), one] as const))(
    '%s: %s is %s',
    (...[, , wish, one]) => {
      expect(verdict(one)).toBe(wish);
    },
  );
});

describe('the code', () => {
  const edges = importsBetweenFolders();

  test('has no folder without a rule', () => {
    const present = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(present.map(({ name }) => name).sort()).toEqual([...folders].sort());
  });

  test('keeps to the direction, types included', () => {
    const wrong = [...edges].flatMap(([from, targets]) =>
      from === 'index'
        ? []
        : [...targets].filter((to) => !mayImport[from]?.includes(to)).map((to) => `${from} → ${to}`),
    );
    expect(wrong).toEqual([]);
  });

  test('has no cycle between folders', () => {
    expect(findCycle(edges)).toBeUndefined();
  });

  test('and the search for cycles finds one', () => {
    const circular = new Map([...edges, ['domain', new Set(['cli'])]]);
    expect(findCycle(circular)).toEqual(expect.arrayContaining(['domain', 'cli']));
  });
});

/** Lints files of these lines in a folder that holds our configuration alone; answers what was refused, `path: line`. */
function lint(cases: readonly Case[]): Set<string> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'aol-lint-')));
  try {
    const files = new Map<string, string[]>();
    for (const { path, line } of cases) files.set(path, [...(files.get(path) ?? []), line]);
    cpSync(join(root, 'biome.json'), join(folder, 'biome.json'));
    for (const [path, lines] of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), lines.join('\n'));
    }
    const biome = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
    const options = ['--vcs-enabled=false', '--only=style/noRestrictedImports'];
    const reporting = ['--reporter=github', '--max-diagnostics=none'];
    const run = spawnSync(process.execPath, [biome, 'lint', ...options, ...reporting], {
      cwd: folder,
      encoding: 'utf8',
    });
    const found = [...run.stdout.matchAll(/title=lint\/style\/noRestrictedImports,file=([^,]+),line=(\d+),/g)];
    if (found.length === 0) throw new Error(`biome refused nothing: ${run.stdout}${run.stderr}`);
    return new Set(
      found.map(([, file = '', number]) => {
        const path = relative(folder, resolve(folder, file)).split(sep).join('/');
        return `${path}: ${files.get(path)?.[Number(number) - 1]}`;
      }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** From each folder (and `index`, the package's entry) to the folders that it imports. */
function importsBetweenFolders(): Map<string, Set<string>> {
  const edges = new Map<string, Set<string>>();
  for (const name of readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const file = join(root, 'src', name);
    const from = folderOf(file);
    const targets = edges.get(from) ?? new Set();
    edges.set(from, targets);
    for (const match of readFileSync(file, 'utf8').matchAll(/\b(?:from|import)\s*\(?\s*'(\.[^']+)'/g)) {
      const to = folderOf(resolve(dirname(file), match[1] ?? ''));
      if (to !== from) targets.add(to);
    }
  }
  return edges;
}

function folderOf(file: string): string {
  const [top = '', folder = '', ...rest] = relative(root, file).split(sep);
  if (top !== 'src') return top;
  return rest.length === 0 ? 'index' : folder;
}

function findCycle(edges: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const finished = new Set<string>();
  const visit = (folder: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(folder)) return [...path.slice(path.indexOf(folder)), folder];
    if (finished.has(folder)) return undefined;
    for (const next of edges.get(folder) ?? []) {
      const cycle = visit(next, [...path, folder]);
      if (cycle) return cycle;
    }
    finished.add(folder);
    return undefined;
  };
  for (const folder of edges.keys()) {
    const cycle = visit(folder, []);
    if (cycle) return cycle;
  }
  return undefined;
}
