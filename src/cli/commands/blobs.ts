import { readFile } from 'node:fs/promises';
import type { Register } from '../context.ts';
import { fields } from '../terminal/text.ts';

/** `aol blobs put` */
export const registerBlobs: Register = (program, run) => {
  const blobs = program.command('blobs').description('pictures and files for posts and mail');

  blobs
    .command('put <file>')
    .description('store a file; a payload names it as {"media": [{"sha256": …, "alt": …}]}')
    .action((file: string) =>
      run(async ({ client, print }) => {
        const blob = await (await client()).putBlob(await readFile(file));
        const { sha256, mediaType, byteCount, width, height } = blob;
        print(blob, () =>
          fields([
            ['sha256', sha256],
            ['type', mediaType],
            ['bytes', String(byteCount)],
            ...(width === null || height === null ? [] : ([['pixels', `${width} × ${height}`]] as const)),
          ]),
        );
        return undefined;
      }),
    );
};
