/** The reference of variables, made from the schema that reads them. */

import type { Variable } from '../../src/config/variable.ts';
import { areas } from '../../src/config/variables.ts';

/** Where the repository keeps it. */
export const CONFIGURATION_FILE = new URL('../../docs/configuration.md', import.meta.url);

const INTRODUCTION = `# Configuration

AOL is configured by variables of its environment. In a checkout, and in the folder that you start it in, it also reads them from a
file \`.env\`; the environment wins over the file. An empty value counts as unset.

- **A wrong value stops the start.** The error names the variable and its rule, and the exit status is 5.
- **A change needs a restart** of each process in the column *read by*. Every process reads its environment once, when it starts.
- **What needs no restart** is not a variable: flags and limits of lanes (\`aol flags set\`), levels of autonomy, budgets, named tokens,
  people. They are rows of the database, and count at once. A secret that \`aol.accounts.yaml\` takes from a file is read again at each
  use; the accounts themselves are read at the start of the worker.
- **\`aol up\` and \`aol run\`** start all parts, and read what their parts read. *Command line* in the column means that other commands read the
  variable too, such as \`aol doctor\`.
- **A secret** is never shown: not in logs, not in errors, not when it is wrong. The password of \`DATABASE_URL\` may stand in
  the file that \`PGPASSFILE\` names instead (libpq's form), and the secrets of accounts in files ([accounts](accounts.md)).

Times are a number and a unit: \`36h\`, \`90d\`. Other variables say their unit. \`.env.example\` is the same list as a file to copy.

This page is made from the code: \`npm run describe-configuration\`.
`;

/** The whole page. */
export function configurationPage(): string {
  return [
    INTRODUCTION,
    ...areas.flatMap(({ title, readBy, variables }) => [
      `## ${title}\n`,
      '| variable | is | allowed | default | read by |',
      '|---|---|---|---|---|',
      ...Object.entries(variables).map(([name, variable]) => row(name, { readBy, ...variable })),
      '',
    ]),
  ].join('\n');
}

function row(name: string, { meaning, rule, defaultText, secret, readBy = [] }: Variable): string {
  const is = secret ? `${meaning} A secret.` : meaning;
  const cells = [`\`${name}\``, is, rule, defaultText, readBy.join(', ')];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('<', '&lt;')).join(' | ')} |`;
}
