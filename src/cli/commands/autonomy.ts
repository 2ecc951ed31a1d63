import { Argument } from 'commander';
import type { Autonomy } from '../../contracts/http/autonomy.ts';
import { AUTONOMY_LEVELS, type AutonomyLevel } from '../../domain/autonomy.ts';
import { ALL_LANES } from '../../domain/flags.ts';
import type { Register } from '../context.ts';
import { confirm } from '../terminal/confirm.ts';
import { table } from '../terminal/text.ts';

interface SetOptions {
  readonly lane: string;
  readonly reason?: string;
  readonly yes: boolean;
}

/** `aol autonomy get|set|unset` */
export const registerAutonomy: Register = (program, run) => {
  const autonomy = program.command('autonomy').description('what each type of action may do without a person');

  autonomy
    .command('get')
    .description('show the levels, who set them and why; without a level only the flags of the lane apply')
    .option('--lane <lane>', 'one lane; default: every level that is set')
    .action(({ lane }: { lane?: string }) =>
      run(async ({ io, client, print }) => {
        const answer = await (await client()).listAutonomy(lane);
        print(answer, () => (answer.items.length === 0 ? NOTHING : autonomyTable(answer.items, io.color)));
        return undefined;
      }),
    );

  autonomy
    .command('set')
    .description(
      'draft: only proofs; approve: a person approves each; auto: the flags of the lane decide. Only an admin can loosen',
    )
    .argument('<type>', 'a type, or * for all')
    .addArgument(new Argument('<level>').choices(AUTONOMY_LEVELS))
    .option('--lane <lane>', 'one lane; * is all lanes', ALL_LANES)
    .option('--reason <text>', 'for the log')
    .option('--yes', 'do not ask', false)
    .action((type: string, level: AutonomyLevel, { lane, reason, yes }: SetOptions) =>
      run(async ({ io, client: connect, print }) => {
        const client = await connect();
        if (level === 'auto' && !yes) {
          const where = lane === ALL_LANES ? 'in all lanes' : `in lane ${lane}`;
          await confirm(io, {
            what: `${type === '*' ? 'every type' : type} ${where} is sent without a person, where the flags of the lane allow it`,
            question: 'let it go by itself?',
          });
        }
        const answer = await client.setAutonomy({ lane, type, level, ...(reason !== undefined && { reason }) });
        print(answer, () => `autonomy of ${answer.type} in ${answer.lane}: ${answer.level}`);
        return undefined;
      }),
    );

  autonomy
    .command('unset')
    .description('remove a level; the more general level applies again, or only the flags of the lane')
    .argument('<type>', 'a type, or * for all types')
    .option('--lane <lane>', 'one lane; * is all lanes', ALL_LANES)
    .option('--reason <text>', 'for the log')
    .option('--yes', 'do not ask', false)
    .action((type: string, { lane, reason, yes }: SetOptions) =>
      run(async ({ io, client: connect, print }) => {
        const client = await connect();
        if (!yes) {
          const where = lane === ALL_LANES ? 'in all lanes' : `in lane ${lane}`;
          await confirm(io, {
            what: `the level of ${type === '*' ? 'every type' : type} ${where} is taken back: a wider one holds, or the flags alone`,
            question: 'take it back?',
          });
        }
        const { inForce } = await client.unsetAutonomy(lane, type, reason);
        print({ inForce }, () =>
          inForce === null
            ? `autonomy of ${type} in ${lane}: nothing is set, the flags hold alone`
            : `autonomy of ${type} in ${lane}: ${inForce.level}, from ${inForce.type} in ${inForce.lane}`,
        );
        return undefined;
      }),
    );
};

const NOTHING = 'nothing is set: the flags of each lane hold alone';

function autonomyTable(items: readonly Autonomy[], isColored: boolean): string {
  const rows = items.map(({ lane, type, level, updatedBy, reason }) => [lane, type, level, updatedBy, reason ?? '']);
  return table(['LANE', 'TYPE', 'LEVEL', 'SET BY', 'REASON'], rows, isColored);
}
