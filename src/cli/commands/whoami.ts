import type { CliContext, Register } from '../context.ts';

/** `aol whoami` */
export const registerWhoami: Register = (program, run) => {
  program
    .command('whoami')
    .description('show the AOL in use, your name and role, and your token, which is a secret')
    .action(() => run(whoami));
};

async function whoami({ io, config, client, print }: CliContext): Promise<undefined> {
  const { url, token, words } = await io.target();
  const { actor, role, lanes, types } = await (await client()).session();
  const { publicUrl, setVariables } = await config();
  // In a container the API listens on all addresses: how others reach it is what the environment says.
  const isPublished = setVariables.includes('AOL_PUBLIC_URL') && !setVariables.includes('AOL_API_URL');
  const address = words === url && isPublished ? publicUrl : url;
  const answer = { address, actor, role, lanes, types, token };
  print(answer, () =>
    [
      `address  ${words === url ? address : words}`,
      `name     ${actor}`,
      `role     ${role}`,
      ...(lanes ? [`lanes    ${lanes.join(', ')}`] : []),
      ...(types ? [`types    ${types.join(', ')}`] : []),
      `token    ${token}`,
    ].join('\n'),
  );
  return undefined;
}
