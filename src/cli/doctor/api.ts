/** The API, as a client sees it. */

import { AolClient } from '../../client/client.ts';
import type { Config } from '../../config/index.ts';
import { errorText } from '../../domain/errors.ts';
import { localUrl } from '../target.ts';
import { type Check, failed, passed } from './check.ts';

/** Besides the check, whether it answered at all: its port is taken rightly then. */
export async function checkApi(config: Config): Promise<Check & { readonly answers: boolean }> {
  const url = localUrl(config);
  try {
    const { ready, dependencies } = await new AolClient({ baseUrl: url, maxTries: 1, timeoutMs: 5_000 }).readiness();
    if (ready) return { ...passed('api', url), answers: true };
    const away = Object.entries(dependencies).filter(([, dependency]) => !dependency.ok);
    const detail = `${url} is up, but for it ${away.map(([name]) => name).join(' and ')} is away`;
    return { ...failed('api', detail, 'see the checks above'), answers: true };
  } catch (error) {
    const cure = 'run `aol up` or `aol api`, or correct AOL_API_HOST and AOL_API_PORT';
    return { ...failed('api', errorText(error, 300), cure), answers: false };
  }
}
