import type { Register } from '../context.ts';
import { laneTable } from '../terminal/status-text.ts';
import { withLocalTimes } from '../terminal/time.ts';
import { actionTable } from './actions.ts';

/** `aol lanes list|show|next|create` */
export const registerLanes: Register = (program, run) => {
  const lanes = program.command('lanes').description('list, show and create lanes');

  lanes
    .command('list')
    .description('list all lanes with their state')
    .action(() =>
      run(async ({ io, json, client: connect, print }) => {
        const client = await connect();
        if (json) print(await client.listLanes(), () => '');
        else io.out(laneTable((await client.status()).lanes, io.color));
        return undefined;
      }),
    );

  lanes
    .command('show <lane>')
    .description('show one lane: its mode and why, lease, counts')
    .action((lane: string) =>
      run(async ({ io, client, print }) => {
        const status = await (await client()).getLane(lane);
        print(status, () => `${laneTable([status], io.color)}\n\n${status.mode}: ${status.why}`);
        return undefined;
      }),
    );

  lanes
    .command('next <lane>')
    .description('show what its next tick would take, in order, or why nothing')
    .action((lane: string) =>
      run(async ({ io, client, print }) => {
        const next = await (await client()).getNext(lane);
        print(next, () =>
          next.items.length === 0 ? withLocalTimes(next.why) : `${actionTable(next.items, io.color)}\n\n${next.why}`,
        );
        return undefined;
      }),
    );

  lanes
    .command('create <lane>')
    .description('create a lane, in PROOF and with approval_policy all; changes nothing if it exists')
    .action((lane: string) =>
      run(async ({ client, print }) => {
        const answer = await (await client()).createLane(lane);
        const begins = 'created: it begins in PROOF, and every REAL action of it awaits approval';
        print(answer, () => `lane ${answer.lane} ${answer.created ? begins : 'was there already'}`);
        return undefined;
      }),
    );
};
