import { Option } from 'commander';
import type { AolClient } from '../../client/client.ts';
import type { ApiToken } from '../../contracts/http/token.ts';
import { parseAgeMs } from '../../domain/ages.ts';
import { readTime } from '../../domain/local-time.ts';
import { ROLES, type Role } from '../../domain/roles.ts';
import type { Register } from '../context.ts';
import { UsageError } from '../errors.ts';
import { fields, since, table } from '../terminal/text.ts';
import { clock, when, zoned } from '../terminal/time.ts';

const PAGE_SIZE = 200;

/** `aol tokens create|list|revoke` */
export const registerTokens: Register = (program, run) => {
  const tokens = program.command('tokens').description('named tokens for the API; needs an admin');

  tokens
    .command('create <name>')
    .description('create a token; it is shown only once')
    .addOption(new Option('--role <role>', 'its role').choices(ROLES).makeOptionMandatory())
    .option('--lane <lane>', 'a lane that it may use; repeat for more; default: all lanes', collect, [])
    .option(
      '--type <type>',
      'an action type that it may queue and decide about; repeat for more; default: all types',
      collect,
      [],
    )
    .option('--expires <age>', 'when it expires: 30d, 36h, a time, or never; default: in 90 days')
    .action((name: string, { role, lane, type, expires }: CreateOptions) =>
      run(async ({ client, print }) => {
        const made = await (await client()).createToken({ name, role, ...bounds(lane, type), ...expiry(expires) });
        print(made, () =>
          fields([
            ['name', made.name],
            ['role', made.role],
            ['lanes', namesOrAll(made.lanes)],
            ['types', namesOrAll(made.types)],
            ['ends', when(made.expiresAt) ?? 'never'],
            ['token', made.token],
            ['note', 'shown only once; `aol tokens revoke` revokes it'],
          ]),
        );
        return undefined;
      }),
    );

  tokens
    .command('list')
    .description('list all tokens, newest first, without their secrets')
    .action(() =>
      run(async ({ io, client, print }) => {
        const items = await allTokens(await client());
        const list = { items, nextCursor: null, total: items.length, totalIsExact: true };
        print(list, () => tokenTable(items, io.color));
        return undefined;
      }),
    );

  tokens
    .command('revoke <nameOrId>')
    .description('revoke a token, at once')
    .action((nameOrId: string) =>
      run(async ({ client: connect, print }) => {
        const client = await connect();
        const id = await idOf(client, nameOrId);
        await client.revokeToken(id);
        print({ id, revoked: true }, () => `${nameOrId} is revoked`);
        return undefined;
      }),
    );
};

interface CreateOptions {
  readonly role: Role;
  readonly lane: readonly string[];
  readonly type: readonly string[];
  readonly expires?: string;
}

/** An option that may be given more than once. */
function collect(text: string, before: readonly string[]): string[] {
  return [...before, text];
}

function bounds(lanes: readonly string[], types: readonly string[]): { lanes?: string[]; types?: string[] } {
  return { ...(lanes.length > 0 && { lanes: [...lanes] }), ...(types.length > 0 && { types: [...types] }) };
}

function namesOrAll(names: readonly string[] | null): string {
  return names?.join(', ') ?? 'all';
}

/** @throws UsageError when it is no time */
function expiry(text: string | undefined): { readonly expiresAt?: string | null } {
  if (text === undefined) return {};
  if (text === 'never') return { expiresAt: null };
  const ageMs = parseAgeMs(text);
  if (ageMs !== undefined) return { expiresAt: new Date(Date.now() + ageMs).toISOString() };
  const read = readTime(text);
  if (!read.ok) throw new UsageError(`--expires is 30d, 36h, never, or a time, which ${read.rule}`);
  return { expiresAt: read.at.toISOString() };
}

async function allTokens(client: AolClient): Promise<ApiToken[]> {
  const items: ApiToken[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.listTokens({ limit: PAGE_SIZE, cursor });
    items.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return items;
}

/** Of the live token of that name, else what was given. */
async function idOf(client: AolClient, nameOrId: string): Promise<string> {
  const tokens = await allTokens(client);
  const found = tokens.find(({ name, revokedAt }) => name === nameOrId && revokedAt === null);
  return found?.id ?? tokens.find(({ id }) => id === nameOrId)?.id ?? notThere(nameOrId);
}

function notThere(nameOrId: string): never {
  throw new UsageError(`there is no token ${nameOrId}, or it was revoked before`);
}

function tokenTable(items: readonly ApiToken[], isColored: boolean): string {
  const rows = items.map((token) => [
    token.name,
    token.role,
    namesOrAll(token.lanes),
    namesOrAll(token.types),
    stateWord(token),
    token.prefix,
    token.expiresAt === null ? 'never' : clock(token.expiresAt),
    token.lastUsedAt === null ? 'never' : `${since(token.lastUsedAt)} ago`,
    token.createdBy,
    token.id,
  ]);
  return table(
    ['NAME', 'ROLE', 'LANES', 'TYPES', 'STATE', 'BEGINS', zoned('ENDS'), 'USED', 'MADE BY', 'ID'],
    rows,
    isColored,
  );
}

function stateWord({ revokedAt, expiresAt }: ApiToken) {
  if (revokedAt !== null) return { text: 'revoked', tone: 'faint' as const };
  if (expiresAt !== null && Date.parse(expiresAt) <= Date.now()) return { text: 'ended', tone: 'faint' as const };
  return { text: 'live', tone: 'good' as const };
}
