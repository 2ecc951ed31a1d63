/** What must hold before a request is queued, beyond its shape. */

import type { EnqueueRequest } from '../contracts/http/action.ts';
import { idempotencyKeySchema } from '../contracts/http/primitives.ts';
import { filesOf } from '../contracts/payloads/contract.ts';
import type { ActionRow } from '../db/action-row.ts';
import type { Database } from '../db/pool.ts';
import { findBlobs } from '../db/queue/blobs.ts';
import { findEarlier } from '../db/queue/earlier.ts';
import { type FieldProblem, InvalidRequestError, RealUnavailableError, UnprocessableError } from '../domain/errors.ts';
import { IDLE_HEARTBEAT_MS } from '../domain/limits.ts';
import type { QueueableType } from './context.ts';

/**
 * Takes the key of the `Idempotency-Key` header over. Given in both places it must be the same.
 *
 * @throws InvalidRequestError
 */
export function withHeaderKey(request: EnqueueRequest, header: string | string[] | undefined): EnqueueRequest {
  if (header === undefined) return request;
  const key = idempotencyKeySchema.safeParse(headerText(header));
  if (!key.success) throw malformed('Idempotency-Key', key.error.issues[0]?.message ?? 'is not a key');
  if (request.idempotencyKey !== undefined && request.idempotencyKey !== key.data) {
    throw malformed('idempotencyKey', 'must be the same as in the Idempotency-Key header');
  }
  return { ...request, idempotencyKey: key.data };
}

/**
 * Node hands header bytes over as Latin-1; what was sent is UTF-8.
 *
 * @throws InvalidRequestError
 */
function headerText(header: string | string[]): unknown {
  if (typeof header !== 'string') return header;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(header, 'latin1'));
  } catch {
    throw malformed('Idempotency-Key', 'must be UTF-8');
  }
}

/**
 * Checks a request against its action type.
 *
 * @throws InvalidRequestError for an unknown type
 * @throws UnprocessableError for a payload that fails its type's schema, each field named
 * @throws RealUnavailableError for REAL of a type that performs nothing
 */
export function checkEnqueue(contracts: ReadonlyMap<string, QueueableType>, request: EnqueueRequest): void {
  const contract = contracts.get(request.type);
  if (!contract) throw malformed('type', `must be a known type: ${[...contracts.keys()].sort().join(', ')}`);
  const checked = contract.check(request.payload);
  if (!checked.ok) throw new UnprocessableError('the payload fails its schema', checked.problems.map(underPayload));
  if (request.mode === 'REAL' && contract.performs !== true) {
    const rule = `must be PROOF: ${request.type} cannot be sent yet`;
    throw new RealUnavailableError(`mode ${rule}`, [{ field: 'mode', rule }]);
  }
}

/**
 * What is wrong with the files and actions that requests name, in their order; undefined where nothing is. Asks the database only where
 * some are named.
 */
export async function referenceErrors(
  database: Database,
  contracts: ReadonlyMap<string, QueueableType>,
  requests: readonly EnqueueRequest[],
): Promise<readonly (UnprocessableError | undefined)[]> {
  const named = requests.map(({ type, payload }) => ({
    files: filesOf(payload).map(({ sha256 }) => sha256),
    after: contracts.get(type)?.after?.(payload),
  }));
  const [files, actions] = await Promise.all([
    findBlobs(database, [...new Set(named.flatMap((each) => each.files))]),
    findEarlier(database, [...new Set(named.flatMap(({ after }) => after ?? []))]),
  ]);
  return requests.map(({ type, lane, payload }, index) => {
    const { files: sha256s = [], after } = named[index] ?? {};
    const problems = sha256s.length === 0 ? [] : (contracts.get(type)?.checkFiles?.(payload, files) ?? []);
    if (problems.length > 0) return new UnprocessableError('the payload names files that do not fit', problems);
    const earlier = after === undefined ? undefined : actions.get(after);
    if (after === undefined || (earlier?.lane === lane && earlier.type === type)) return undefined;
    const rule = `must name an action of ${type} in the same lane: there is none with the id ${after}`;
    return new UnprocessableError('the payload names an action that is not there', [
      { field: 'payload.replyTo', rule },
    ]);
  });
}

/** Whether its lane has to know of it now. What is due later than an idle lane's next look is found by that look. */
export function isDueSoon({ run_at }: Pick<ActionRow, 'run_at'>): boolean {
  return run_at.getTime() - Date.now() <= IDLE_HEARTBEAT_MS;
}

function underPayload({ field, rule }: FieldProblem): FieldProblem {
  if (field === 'payload' || field.startsWith('payload.')) return { field, rule };
  return { field: field === '' ? 'payload' : `payload.${field}`, rule };
}

function malformed(field: string, rule: string): InvalidRequestError {
  return new InvalidRequestError(`${field} ${rule}`, [{ field, rule }]);
}
