import { writeFile } from 'node:fs/promises';
import type { AdapterDescription } from '../../contracts/http/adapter.ts';
import { errorCode, errorText } from '../../domain/errors.ts';
import { ExitCode, type Register } from '../context.ts';
import { UsageError } from '../errors.ts';
import type { Cell } from '../terminal/paint.ts';
import { fields, table } from '../terminal/text.ts';

/** `aol adapters`: what can be queued. */
export const registerAdapters: Register = (program, run) => {
  const adapters = program
    .command('adapters [type]')
    .description('list the action types; for one type show the schema, example and limits of its payload')
    .action((type: string | undefined) =>
      run(async ({ io, client, print }) => {
        const list = await (await client()).listAdapters();
        if (type === undefined) {
          print(list, () => adapterTable(list.items, io.color));
          return undefined;
        }
        const found = list.items.find((adapter) => adapter.type === type);
        if (!found) throw new UsageError(`there is no type ${type}: ${list.items.map((one) => one.type).join(', ')}`);
        print(found, () => adapterText(found, io.color));
        return undefined;
      }),
    );

  adapters
    .command('new <name>')
    .description('write an example adapter and its test: NAME.js, NAME.test.js')
    .action((name: string) =>
      run(async ({ print }) => {
        if (!/^[a-z][a-z0-9_-]{1,40}$/u.test(name)) {
          throw new UsageError('the name must be lower-case letters, digits, - and _: ring_bell');
        }
        const { adapterSource, adapterTestSource } = await import('../new-adapter.ts');
        const files = [
          [`${name}.js`, adapterSource(name)],
          [`${name}.test.js`, adapterTestSource(name)],
        ] as const;
        for (const [file, source] of files) await writeNew(file, source);
        print({ files: files.map(([file]) => file) }, () => {
          const next = `try it: aol adapters test ${name}.js\nuse it: AOL_ADAPTERS=./${name}.js aol up`;
          return `wrote ${files.map(([file]) => file).join(' and ')}\n${next}`;
        });
        return undefined;
      }),
    );

  adapters
    .command('test <file>')
    .description('check the adapters of a file as every adapter is checked; nothing is sent')
    .action((file: string) =>
      run(async ({ io, json, print }) => {
        const { loadAdapters } = await import('../../worker/load-adapters.ts');
        const { adapterChecks } = await import('../../testing/index.ts');
        const results: { readonly name: string; readonly error?: string }[] = [];
        for (const adapter of (await loadAdapters([file])).sources) {
          for (const { name, run: check } of adapterChecks(adapter)) {
            const result = await check().then(
              () => ({ name }),
              (error: unknown) => ({ name, error: errorText(error, 500) }),
            );
            results.push(result);
            if (!json)
              io.out(`${'error' in result ? 'FAILED' : 'ok'}  ${name}${'error' in result ? `: ${result.error}` : ''}`);
          }
        }
        const failed = results.filter((result) => result.error !== undefined).length;
        if (json) print({ results }, () => '');
        else io.out(`${results.length - failed} passed, ${failed} failed`);
        return failed === 0 ? ExitCode.ok : ExitCode.failed;
      }),
    );
};

/** Never over what is there. */
async function writeNew(file: string, source: string): Promise<void> {
  try {
    await writeFile(file, source, { flag: 'wx' });
  } catch (error) {
    throw new UsageError(errorCode(error) === 'EEXIST' ? `${file} is there already` : errorText(error));
  }
}

function adapterTable(items: readonly AdapterDescription[], isColored: boolean): string {
  const rows = items.map((adapter) => [adapter.type, adapter.title, realWord(adapter), adapter.redelivery]);
  return table(['TYPE', 'TITLE', 'REAL', 'REDELIVERY'], rows, isColored);
}

/** Whether REAL would be taken, and what it lacks. */
function realWord({ performs, real, providers }: AdapterDescription): Cell {
  if (!performs) return { text: 'PROOF only: it cannot be sent yet', tone: 'proof' };
  if (real.configured) return { text: 'can be sent', tone: 'real' };
  if (real.missing.length === 0 && providers.length > 0) {
    return {
      text: `PROOF only: it needs an account of ${providers.map(({ provider }) => provider).join(', ')}`,
      tone: 'proof',
    };
  }
  return { text: `PROOF only: set ${real.missing.join(', ')}`, tone: 'proof' };
}

function adapterText(adapter: AdapterDescription, isColored: boolean): string {
  const head = fields(
    [
      ['type', adapter.type],
      ['title', adapter.title],
      ['real', realWord(adapter)],
      ['redelivery', adapter.redelivery],
      ...adapter.providers.map(
        ({ provider, accounts, missing }) =>
          [
            provider,
            accounts.length > 0 ? `accounts: ${accounts.join(', ')}` : `no account: set ${missing.join(', ')}`,
          ] as const,
      ),
      ...Object.entries(adapter.limits).map(([what, limit]) => [what, limit] as const),
      ['try', `aol enqueue ${adapter.type} --payload '${JSON.stringify(adapter.example).replaceAll("'", "'\\''")}'`],
    ],
    isColored,
  );
  return `${head}\n\npayload, as JSON Schema:\n${JSON.stringify(adapter.payloadSchema, undefined, 2)}`;
}
