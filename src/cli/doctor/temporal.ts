/** Temporal. */

import type { Config } from '../../config/index.ts';
import { connectTemporal } from '../../temporal/gateway.ts';
import { temporalSettings } from '../settings.ts';
import { type Check, failed, passed } from './check.ts';

export async function checkTemporal(config: Config): Promise<Check> {
  const gateway = connectTemporal(temporalSettings(config));
  try {
    // The first call opens the connection: to a server far away, over TLS, that alone may take as long as a call may.
    const first = await gateway.health();
    const { ok, detail } = first.ok ? first : await gateway.health();
    if (ok) return passed('temporal', detail);
    const cure =
      config.temporal.address === undefined
        ? 'run `aol up`, or set TEMPORAL_ADDRESS'
        : 'start the server that TEMPORAL_ADDRESS names, create the namespace, or correct TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE';
    return failed('temporal', detail, cure);
  } finally {
    await gateway.close();
  }
}
