import type { AolClient } from '../../client/client.ts';
import type { Person } from '../../contracts/http/person.ts';
import type { Register } from '../context.ts';
import { UsageError } from '../errors.ts';
import { since, table } from '../terminal/text.ts';

const PAGE_SIZE = 200;

/** `aol people list|disable|enable` */
export const registerPeople: Register = (program, run) => {
  const people = program.command('people').description('people who signed in by OpenID Connect; needs an admin');

  people
    .command('list')
    .description('list all people, newest first')
    .action(() =>
      run(async ({ io, client, print }) => {
        const items = await allPeople(await client());
        const list = { items, nextCursor: null, total: items.length, totalIsExact: true };
        print(list, () => peopleTable(items, io.color));
        return undefined;
      }),
    );

  people
    .command('disable <nameOrId>')
    .description('shut a person out; their open sessions end at once')
    .option('--reason <text>', 'why, for the log')
    .action((nameOrId: string, { reason }: ReasonOption) =>
      run(async ({ client: connect, print }) => {
        const client = await connect();
        const person = await client.disablePerson(await idOf(client, nameOrId), { reason });
        print(person, () => `${person.name} is shut out`);
        return undefined;
      }),
    );

  people
    .command('enable <nameOrId>')
    .description('let a person sign in again')
    .option('--reason <text>', 'why, for the log')
    .action((nameOrId: string, { reason }: ReasonOption) =>
      run(async ({ client: connect, print }) => {
        const client = await connect();
        const person = await client.enablePerson(await idOf(client, nameOrId), { reason });
        print(person, () => `${person.name} may sign in again`);
        return undefined;
      }),
    );
};

interface ReasonOption {
  readonly reason?: string;
}

async function allPeople(client: AolClient): Promise<Person[]> {
  const items: Person[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.listPeople({ limit: PAGE_SIZE, cursor });
    items.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return items;
}

/** A name is written as the log has it: `@anna`. */
async function idOf(client: AolClient, nameOrId: string): Promise<string> {
  const found = (await allPeople(client)).find(({ id, name }) => name === nameOrId || id === nameOrId);
  if (!found) throw new UsageError(`there is no person ${nameOrId}: aol people list shows their names`);
  return found.id;
}

function peopleTable(items: readonly Person[], isColored: boolean): string {
  const rows = items.map((person) => [
    person.name,
    person.role ?? 'none',
    person.groups.join(', '),
    stateWord(person),
    `${since(person.lastSignedInAt)} ago`,
    person.subject,
    person.id,
  ]);
  return table(['NAME', 'ROLE', 'GROUPS', 'STATE', 'SIGNED IN', 'SUBJECT', 'ID'], rows, isColored);
}

function stateWord({ disabledAt, disabledBy }: Person) {
  if (disabledAt !== null) return { text: `shut out by ${disabledBy}`, tone: 'faint' as const };
  return { text: 'may sign in', tone: 'good' as const };
}
