/** What the rows say: workers, the two keys of REAL, the lanes' leases, and whether their holders are of our Temporal. */

import type { Config } from '../../config/index.ts';
import { counted } from '../../contracts/words.ts';
import { countExactly } from '../../db/look/counts.ts';
import { type QueueStatus, readStatus } from '../../db/look/status.ts';
import { createPool } from '../../db/pool.ts';
import { errorText } from '../../domain/errors.ts';
import { databaseUrl } from '../settings.ts';
import { when } from '../terminal/time.ts';
import { type Check, failed, passed } from './check.ts';
import { checkHolders } from './holders.ts';

const NAMES = ['workers', 'mode', 'leases', 'accounts', 'notices', 'holders'] as const;

/** @param known what earlier checks found: without PostgreSQL and its schema none of these can be made */
export async function checkLanes(
  config: Config,
  known: { readonly isUsable: boolean; readonly hasTemporal: boolean },
): Promise<Check[]> {
  const unknown = (why: string) => NAMES.map((name) => failed(name, why, 'see postgres and migrations'));
  if (!known.isUsable) return unknown('not known: the tables cannot be read');
  const pool = createPool({ databaseUrl: databaseUrl(config), applicationName: 'aol-cli', maxConnections: 1 });
  try {
    const read = () => readStatus(pool, countExactly);
    const status = await read();
    return [
      checkWorkers(status),
      checkMode(config, status),
      checkLeases(status),
      checkAccounts(status),
      checkNotices(config, status),
      known.hasTemporal
        ? await checkHolders(config, read)
        : failed('holders', 'not known: Temporal does not answer', 'see temporal'),
    ];
  } catch (error) {
    return unknown(errorText(error, 300));
  } finally {
    await pool.end();
  }
}

function checkWorkers({ workers }: QueueStatus): Check {
  if (workers.count > 0) return passed('workers', `${counted(workers.count, 'worker')} connected`);
  return failed('workers', 'no worker is connected, so nothing runs', 'run `aol up`, or `aol worker`');
}

/** REAL needs both keys. What cannot be meant is named: keys that differ from worker to worker, or from what is set here. */
function checkMode(config: Config, { mode, why, workers }: QueueStatus): Check {
  if (workers.proof > 0 && workers.real > 0) {
    const detail = `${counted(workers.proof, 'worker runs', 'workers run')} in PROOF and ${workers.real} in REAL`;
    return failed('mode', detail, 'start all workers with the same AOL_PROOF_MODE');
  }
  if (!config.proofMode && workers.proof > 0) {
    const detail = 'AOL_PROOF_MODE is 0 here, but the workers were started without it';
    return failed('mode', detail, 'restart the workers, or unset AOL_PROOF_MODE');
  }
  return passed('mode', `${mode}: ${mode === 'REAL' ? 'effects are performed' : 'nothing is sent'} (${why})`);
}

/** Those that can do nothing now, and tokens that die soon. Without accounts nothing is wrong: proofs need none. */
function checkAccounts({ accounts }: QueueStatus): Check {
  if (accounts.length === 0) return passed('accounts', 'none needs anybody');
  const words = accounts.map(({ name, state, reason, tokenExpiresAt }) =>
    state === 'ready' || state === 'not_checked'
      ? `${name}: its token runs out at ${when(tokenExpiresAt)}`
      : `${name}: ${reason ?? state}`,
  );
  const cure = 'log in anew where it is asked for, then `aol accounts check NAME`';
  return failed('accounts', words.join('; '), cure);
}

/** Nobody has to be told; but where somebody is, it should arrive. */
function checkNotices(config: Config, { notices }: QueueStatus): Check {
  const failing = notices.flatMap(({ destination, failing: problem }) =>
    problem ? [`${destination}: ${problem.error}`] : [],
  );
  if (failing.length > 0) {
    return failed('notices', failing.join('; '), 'correct AOL_NOTICES or its account, then `aol notices test`');
  }
  const there = notices.map(({ destination }) => destination);
  const missing = config.notices.destinations.map(({ name }) => name).filter((name) => !there.includes(name));
  if (missing.length > 0) {
    return failed('notices', `no worker has ${missing.join(', ')}`, 'restart the workers with this AOL_NOTICES');
  }
  if (there.length === 0) return passed('notices', 'nobody is told: AOL_NOTICES is not set');
  return passed('notices', `${there.join(', ')}; links in them lead to ${config.publicUrl}`);
}

function checkLeases({ lanes }: QueueStatus): Check {
  const red = lanes.filter(({ lease }) => lease.health === 'RED');
  if (red.length > 0) {
    const detail = `RED: ${red.map(({ lane, why }) => `${lane} (${why})`).join('; ')}`;
    return failed(
      'leases',
      detail,
      'run a worker that reaches this database and Temporal; `aol status --watch` shows more',
    );
  }
  const late = lanes.filter(({ lease }) => lease.health === 'AMBER').map(({ lane }) => lane);
  const words = `${counted(lanes.length, 'lane')}, none of them RED`;
  return passed(
    'leases',
    late.length === 0 ? words : `${words}; AMBER, with work that is due and late: ${late.join(', ')}`,
  );
}
