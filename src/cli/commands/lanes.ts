import type { Register } from '../context.ts';

/** `aol lanes list|create` */
export const registerLanes: Register = (program, run) => {
  const lanes = program.command('lanes').description('look at lanes, create them');

  lanes
    .command('list')
    .description('the names of all lanes')
    .action(() =>
      run(async ({ client, print }) => {
        const page = await (await client()).listLanes();
        print(page, () => page.items.map(({ lane }) => lane).join('\n'));
        return undefined;
      }),
    );

  lanes
    .command('create <lane>')
    .description('create a lane; again changes nothing')
    .action((lane: string) =>
      run(async ({ client, print }) => {
        const answer = await (await client()).createLane(lane);
        print(answer, () => `lane ${answer.lane} ${answer.created ? 'created' : 'was there already'}`);
        return undefined;
      }),
    );
};
