import type { AdapterDescription } from '../../contracts/http/adapter.ts';
import type { Register } from '../context.ts';
import { UsageError } from '../errors.ts';
import type { Cell } from '../terminal/paint.ts';
import { fields, table } from '../terminal/text.ts';

/** `aol adapters`: what can be queued. */
export const registerAdapters: Register = (program, run) => {
  program
    .command('adapters [type]')
    .description('the action types; of one type its payload: schema, example, limits')
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
};

function adapterTable(items: readonly AdapterDescription[], isColored: boolean): string {
  const rows = items.map((adapter) => [adapter.type, adapter.title, realWord(adapter), adapter.redelivery]);
  return table(['TYPE', 'TITLE', 'REAL', 'REDELIVERY'], rows, isColored);
}

/** Whether REAL would be taken, and what it lacks. */
function realWord({ performs, real }: AdapterDescription): Cell {
  if (!performs) return { text: 'PROOF only: it performs nothing yet', tone: 'proof' };
  if (real.configured) return { text: 'can be sent', tone: 'real' };
  return { text: `PROOF only: set ${real.missing.join(', ')}`, tone: 'proof' };
}

function adapterText(adapter: AdapterDescription, isColored: boolean): string {
  const head = fields(
    [
      ['type', adapter.type],
      ['title', adapter.title],
      ['real', realWord(adapter)],
      ['redelivery', adapter.redelivery],
      ...Object.entries(adapter.limits).map(([what, limit]) => [what, limit] as const),
      ['try', `aol enqueue ${adapter.type} --payload '${JSON.stringify(adapter.example).replaceAll("'", "'\\''")}'`],
    ],
    isColored,
  );
  return `${head}\n\npayload, as JSON Schema:\n${JSON.stringify(adapter.payloadSchema, undefined, 2)}`;
}
