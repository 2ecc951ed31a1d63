import { isPrivateWay } from '../../domain/addresses.ts';
import type { CliContext, Register } from '../context.ts';
import { type Contexts, LOCAL, readContexts, writeContexts } from '../contexts.ts';
import { UsageError } from '../errors.ts';
import { findTarget, overruledBy } from '../target.ts';
import { readText } from '../terminal/input.ts';
import { table } from '../terminal/text.ts';

/** `aol context add|use|list|remove`: the AOLs that this user works with, by name. */
export const registerContext: Register = (program, run) => {
  const context = program.command('context').description('the AOLs that you work with, each with a name and a token');

  context
    .command('add <name> <url>')
    .description('add an AOL with its token, which is asked for on a terminal or read from --token-file')
    .option('--token-file <file>', 'the file with the token; - for stdin')
    .action((name: string, url: string, { tokenFile }: { tokenFile?: string }) =>
      run((given) => add(given, name, { url, tokenFile })),
    );

  context
    .command('use <name>')
    .description(`use this one from now on; ${LOCAL} is the AOL of this machine`)
    .action((name: string) =>
      run(async ({ io, print }) => {
        const config = await io.config();
        const { configDir } = config.machine;
        const { contexts } = readContexts(configDir);
        if (name !== LOCAL && !contexts[name]) throw notThere(name, contexts);
        writeContexts(configDir, { contexts, ...(name !== LOCAL && { current: name }) });
        const { words } = findTarget(config);
        print({ current: name }, () => `from now on: ${name === LOCAL ? `${LOCAL} (${words})` : words}`);
        const variable = overruledBy(config);
        if (name !== LOCAL && variable !== undefined) io.talk(`aol: ${variable} is set and overrides the context`);
        return undefined;
      }),
    );

  context
    .command('list')
    .description('list all contexts without their tokens; * is the one in use')
    .action(() =>
      run(async ({ config, print }) => {
        const { contexts, current = LOCAL } = readContexts((await config()).machine.configDir);
        const items = [
          { name: LOCAL, url: null, hasToken: true, inUse: current === LOCAL },
          ...Object.entries(contexts).map(([name, { url, token }]) => ({
            name,
            url,
            hasToken: token !== undefined,
            inUse: name === current,
          })),
        ];
        const rows = items.map(({ name, url, hasToken, inUse }) => [
          inUse ? '*' : '',
          name,
          url ?? 'the AOL of this machine',
          hasToken ? '' : 'none: set AOL_TOKEN',
        ]);
        print({ items }, () => table(['', 'NAME', 'ADDRESS', 'TOKEN'], rows));
        return undefined;
      }),
    );

  context
    .command('remove <name>')
    .description('remove one, with its token')
    .action((name: string) =>
      run(async ({ config, print }) => {
        const { configDir } = (await config()).machine;
        const { contexts, current } = readContexts(configDir);
        if (!contexts[name]) throw notThere(name, contexts);
        const others = Object.fromEntries(Object.entries(contexts).filter(([other]) => other !== name));
        writeContexts(configDir, { contexts: others, ...(current !== name && { current }) });
        const words = current === name ? `; from now on: ${LOCAL}` : '';
        print({ removed: name }, () => `${name} is forgotten${words}`);
        return undefined;
      }),
    );
};

async function add(
  { io, print }: CliContext,
  name: string,
  { url, tokenFile }: { readonly url: string; readonly tokenFile: string | undefined },
): Promise<undefined> {
  if (name === LOCAL || !/^[a-z0-9][a-z0-9._-]{0,62}$/.test(name)) {
    throw new UsageError(`NAME must be lower-case letters, digits, dots and dashes, and not ${LOCAL}`);
  }
  const address = URL.canParse(url) && !/[@?#]/.test(url) ? url.replace(/\/+$/, '') : undefined;
  if (address === undefined || !isPrivateWay(address)) {
    throw new UsageError('URL must be like https://aol.example; http:// only for this machine');
  }
  const { configDir } = (await io.config()).machine;
  const { contexts, current } = readContexts(configDir);
  const token = await readToken(io, name, tokenFile);
  const isKnown = contexts[name] !== undefined;
  const all: Contexts = { contexts: { ...contexts, [name]: { url: address, ...(token !== '' && { token }) } } };
  writeContexts(configDir, { ...all, ...(current !== undefined && { current }) });
  print({ name, url: address }, () => `${name} is ${address}${isKnown ? ', instead of what it was' : ''}`);
  if (token === '') io.talk('aol: it has no token; AOL_TOKEN will be used');
  if (current !== name) io.talk(`aol: \`aol context use ${name}\` makes it the current one`);
  return undefined;
}

/** Never from the command line, which others on the machine can read. */
async function readToken(io: CliContext['io'], name: string, file: string | undefined): Promise<string> {
  const given =
    file === undefined
      ? io.isTerminal && (await io.ask(`token of ${name} (it is not shown): `, { isSecret: true }))
      : await readText(io, file, `--token-file ${file}`);
  const token = (given || '').trim();
  if (token !== '' && !/^[\x21-\x7e]{32,512}$/.test(token)) {
    throw new UsageError('a token has 32 to 512 printable ASCII characters and no spaces');
  }
  return token;
}

function notThere(name: string, contexts: Contexts['contexts']): UsageError {
  return new UsageError(`there is no context ${name}: ${[LOCAL, ...Object.keys(contexts)].join(', ')}`);
}
