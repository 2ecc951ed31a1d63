/** `aol enqueue --validate`: what a proof would store, without an action. */

import type { AolClient } from '../client/client.ts';
import { AolApiError } from '../client/transport.ts';
import type { EnqueueInput } from '../contracts/http/action.ts';
import type { CliContext } from './context.ts';
import { fields } from './terminal/text.ts';
import { withLocalTimes } from './terminal/time.ts';

/** @throws AolApiError as the enqueue would be refused */
export async function validate({ print }: CliContext, client: AolClient, request: EnqueueInput): Promise<undefined> {
  const [result] = (await client.validate({ actions: [request] })).results;
  if (!result) throw AolApiError.unexpected(200, 'the server answered nothing');
  if (!result.ok) throw new AolApiError(result.problem);
  print(result, () => {
    const notes = result.notes.map((note): readonly [string, string] => ['note', withLocalTimes(note)]);
    const head = fields([['does', result.summary], ['sha256', result.sha256], ['bytes', result.byteCount], ...notes]);
    return `${head}\n\n${JSON.stringify(result.effect, undefined, 2)}`;
  });
  return undefined;
}
