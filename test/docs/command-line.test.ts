/** `docs/cli.md` is complete: every command with every option, every exit code. (The doctor's checks: `test/cli/doctor.test.ts`.) */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { Command } from 'commander';
import { ExitCode } from '../../src/cli/errors.ts';
import { createProgram } from '../../src/cli/program.ts';
import { codeSpansIn } from '../support/markdown.ts';

const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');
const program = createProgram({ out: () => undefined, talk: () => undefined }, () => Promise.resolve());

/** `actions list`, `kill`: those that do something themselves. */
function leaves(
  command: Command,
  path: readonly string[] = [],
): { readonly name: string; readonly command: Command }[] {
  if (command.commands.length === 0) return [{ name: path.join(' '), command }];
  return command.commands.flatMap((child) => leaves(child, [...path, child.name()]));
}

/** The rows of the table under a heading, each cell as it stands. */
function rowsUnder(heading: string): string[][] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| c'));
  return rows.map((row) => row.slice(2, -2).split(/ \| /));
}

const documented = rowsUnder('Commands').map(([first = '', does = '']) => ({
  spans: codeSpansIn(first),
  row: `${first} ${does}`,
}));

describe('commands', () => {
  test.each(leaves(program).map(({ name, command }) => [name, command] as const))(
    '%s, with its options',
    (name, command) => {
      const rows = documented.filter(({ spans }) => spans.some((span) => span === name || span.startsWith(`${name} `)));
      expect(rows).not.toEqual([]);
      const text = rows.map(({ row }) => row).join('\n');
      // Options of commands that ask are said once for all of them.
      const options = command.options.map(({ long }) => long ?? '').filter((option) => option !== '--yes');
      expect(options.filter((option) => !text.includes(option))).toEqual([]);
    },
  );

  test('those that ask are listed as such', () => {
    const asking = leaves(program).filter(({ command }) => command.options.some(({ long }) => long === '--yes'));
    const dangers = page.split('say what they will do')[1]?.split('\n- ')[0] ?? '';
    const missing = asking
      .map(({ name }) => name)
      .filter(
        (name) => !['pause', 'resume', 'start', 'migrate', 'tour'].includes(name) && !dangers.includes(`\`${name}`),
      );
    expect(missing).toEqual([]);
  });
});

test('exit codes are those of the code, each once', () => {
  const codes = rowsUnder('Exit codes').map(([code = '']) => Number(code));
  expect(codes).toEqual(Object.values(ExitCode));
});
