/** Whether each port of ours is ours, or free. */

import type { Config } from '../../config/index.ts';
import { ConfigurationError } from '../../domain/errors.ts';
import { assertPortFree } from '../../local/index.ts';
import { localPorts } from '../settings.ts';
import { localAddress } from '../target.ts';
import { type Check, failed, passed } from './check.ts';

/** @param answers which servers answered as what they are: their ports are taken rightly */
export async function checkPorts(
  config: Config,
  answers: { readonly api: boolean; readonly postgres: boolean; readonly temporal: boolean },
): Promise<Check> {
  const { database, temporal } = config;
  const api = localAddress(config);
  const local = localPorts(config);
  const isPostgresOurs = database.url === undefined;
  const isTemporalOurs = temporal.address === undefined;
  const ports = [
    { variable: 'AOL_API_PORT', port: api.port, host: api.host, isTaken: answers.api, matters: true },
    {
      variable: 'AOL_POSTGRES_PORT',
      port: local.postgresPort,
      isTaken: answers.postgres,
      matters: isPostgresOurs,
    },
    { variable: 'AOL_TEMPORAL_PORT', port: local.temporalPort, isTaken: answers.temporal, matters: isTemporalOurs },
    {
      variable: 'AOL_TEMPORAL_UI_PORT',
      port: local.temporalUiPort,
      isTaken: answers.temporal,
      matters: isTemporalOurs,
    },
  ].filter(({ matters }) => matters);
  const twin = ports.find((one, index) => ports.slice(0, index).some((other) => other.port === one.port));
  if (twin) return failed('ports', `two of ours have the port ${twin.port}`, `set ${twin.variable} to another one`);
  const words: string[] = [];
  for (const { variable, port, host, isTaken } of ports) {
    if (isTaken) {
      words.push(`${port} ours`);
      continue;
    }
    try {
      await assertPortFree(variable, port, host, 0);
      words.push(`${port} free`);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      const detail = `${port} is taken by something that does not answer as it should`;
      return failed('ports', detail, `stop what uses it, or set ${variable} to another one`);
    }
  }
  return passed('ports', words.join(', '));
}
