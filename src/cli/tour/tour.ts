/** The guided first quarter of an hour, on an installation of its own that is gone afterwards. Each step checks what it says. */

import { setTimeout as delay } from 'node:timers/promises';
import type { AolClient } from '../../client/client.ts';
import type { Action } from '../../contracts/http/action.ts';
import { AolError } from '../../domain/errors.ts';
import { sha256Hex } from '../../domain/hashing.ts';
import type { Guide } from './guide.ts';
import type { TourReceiver } from './receiver.ts';

/** A step of the tour did not come out as it says. */
export class TourError extends AolError {
  readonly code = 'AOL_TOUR';
}

export interface TourPlace {
  readonly client: AolClient;
  readonly receiver: TourReceiver;
  readonly dashboard: string;
  readonly temporalPage: string;
  readonly signal: AbortSignal;
}

export const TOUR_STEPS = 7;
/** A kill is seen to hold for so long. */
const QUIET_MS = 2_000;
const LIMIT_MS = 60_000;

export async function walkThrough(place: TourPlace, guide: Guide): Promise<void> {
  const proof = await firstProof(place, guide);
  await seeArtifact(place, guide, proof);
  await unlock(place, guide);
  await approveAndSend(place, guide);
  const waiting = await kill(place, guide);
  await start(place, guide, waiting);
  await whereItStands(place, guide);
}

async function firstProof({ client, receiver }: TourPlace, guide: Guide): Promise<Action> {
  await guide.step(
    'A first proof',
    'An action is queued. In PROOF, which is where everything begins, AOL makes what would be sent, and stops.',
  );
  guide.command(`aol enqueue CALL_WEBHOOK --payload '${JSON.stringify(payload(receiver, 1))}'`);
  const { id } = await client.enqueue({ type: 'CALL_WEBHOOK', payload: payload(receiver, 1) });
  const proof = await reaches(client, id, 'SUCCESS');
  expectThat(receiver.bodies().length === 0, 'a proof was sent');
  guide.happened([
    ['action', proof.id],
    ['status', `${proof.status}, mode ${proof.mode}`],
    ['receiver', `${receiver.host} got nothing`],
  ]);
  return proof;
}

async function seeArtifact({ client }: TourPlace, guide: Guide, proof: Action): Promise<void> {
  await guide.step(
    'The artifact',
    'What would be sent is stored, byte for byte, under its SHA-256. Whoever approves later approves this hash and nothing else.',
  );
  guide.command(`aol artifacts show ${proof.id}`);
  const { bytes } = await client.getArtifact(proof.id);
  expectThat(sha256Hex(bytes) === proof.artifactSha256, 'the artifact has another SHA-256');
  guide.happened([
    ['SHA-256', proof.artifactSha256 ?? ''],
    ['recomputed', 'it is the same'],
    ['bytes', bytes.byteLength],
    ['begins', new TextDecoder().decode(bytes.subarray(0, 90))],
  ]);
}

async function unlock({ client }: TourPlace, guide: Guide): Promise<void> {
  await guide.step(
    'The two keys of REAL',
    'Sending needs both: AOL_PROOF_MODE=0 where the worker runs (this tour has set it), and a flag that an admin sets, here for an hour. Every effect of a new lane still waits for a person.',
  );
  guide.command('aol flags set proof_only false --for 1h');
  await client.patchFlags({ flags: { proof_only: false }, forMs: 3_600_000, reason: 'the tour' });
  await client.patchFlags({ lane: 'default', flags: { approval_policy: 'all' } });
  const lane = await client.getLane('default');
  expectThat(lane.mode === 'REAL', `the lane is ${lane.mode}: ${lane.why}`);
  guide.happened([['lane default', `${lane.mode}: ${lane.why}`]]);
}

async function approveAndSend({ client, receiver }: TourPlace, guide: Guide): Promise<void> {
  await guide.step(
    'Approve and send',
    'A REAL action is made in the same way, and then asks. Approving names the hash. What arrives is what was approved.',
  );
  guide.command(`aol enqueue CALL_WEBHOOK --mode REAL --payload '${JSON.stringify(payload(receiver, 2))}'`);
  const { id } = await client.enqueue({ type: 'CALL_WEBHOOK', mode: 'REAL', payload: payload(receiver, 2) });
  const asks = await reaches(client, id, 'AWAITING_APPROVAL');
  const sha256 = asks.artifactSha256 ?? '';
  expectThat(receiver.bodies().length === 0, 'it was sent before anybody approved it');
  guide.command(`aol approve ${id} --sha256 ${sha256}`);
  await client.approve(id, { sha256, reason: 'the tour' });
  const sent = await reaches(client, id, 'SUCCESS');
  expectThat(receiver.bodies().length === 1, `${receiver.bodies().length} requests arrived, not one`);
  guide.happened([
    ['status', `${sent.status}, mode ${sent.mode}, approved by ${sent.approval.by}`],
    ['receiver', `got one request: ${receiver.bodies()[0]}`],
    ['receipt', JSON.stringify(sent.receipt).slice(0, 120)],
  ]);
}

async function kill({ client, receiver, signal }: TourPlace, guide: Guide): Promise<Action> {
  await guide.step(
    'Kill',
    'One press stops everything at once, here or in the dashboard. Once it has answered, nothing begins.',
  );
  guide.command('aol kill --yes');
  const { id } = await client.enqueue({ type: 'CALL_WEBHOOK', mode: 'REAL', payload: payload(receiver, 3) });
  const { artifactSha256 } = await reaches(client, id, 'AWAITING_APPROVAL');
  const startedAt = performance.now();
  await client.kill({ reason: 'the tour' });
  const tookMs = Math.round(performance.now() - startedAt);
  await client.approve(id, { sha256: artifactSha256 ?? '' });
  await delay(QUIET_MS, undefined, { signal });
  const waiting = await client.getAction(id);
  expectThat(waiting.status === 'PENDING' && receiver.bodies().length === 1, 'something was sent after the kill');
  guide.happened([
    ['kill', `answered after ${tookMs} ms`],
    ['an approved action', `${waiting.status}${waiting.waiting === null ? '' : `: ${waiting.waiting}`}`],
    ['receiver', 'got nothing more'],
  ]);
  return waiting;
}

async function start({ client, receiver }: TourPlace, guide: Guide, waiting: Action): Promise<void> {
  await guide.step('Start', 'What waited goes out now, once.');
  guide.command('aol start --yes');
  await client.start({ reason: 'the tour' });
  const sent = await reaches(client, waiting.id, 'SUCCESS');
  expectThat(receiver.bodies().length === 2, `${receiver.bodies().length} requests arrived, not two`);
  guide.happened([
    ['status', `${sent.status} after ${sent.attempts} attempt`],
    ['receiver', `got its second request: ${receiver.bodies()[1]}`],
  ]);
}

async function whereItStands({ client, dashboard, temporalPage }: TourPlace, guide: Guide): Promise<void> {
  await guide.step('Where it stands', 'All of this is written down: who did what, each attempt, each decision.');
  guide.command('aol logs');
  const { items } = await client.listLogs({ limit: 100 });
  guide.happened([
    ['log rows', items.length],
    ['dashboard', dashboard],
    ['Temporal', temporalPage],
    ['next', 'npm start keeps an installation; docs/README.md says where to read on'],
  ]);
}

function payload({ host }: TourReceiver, number: number) {
  return { url: `http://${host}/tour`, body: { hello: `Number ${number}` } };
}

async function reaches(client: AolClient, id: string, status: string): Promise<Action> {
  const endsAtMs = performance.now() + LIMIT_MS;
  for (let action = await client.getAction(id); ; ) {
    if (action.status === status) return action;
    const timeoutMs = endsAtMs - performance.now();
    if (timeoutMs <= 0 || action.finishedAt !== null) {
      throw new TourError(
        `action ${id} is ${action.status}, not ${status}${action.lastError === null ? '' : `: ${action.lastError}`}`,
      );
    }
    action = await client.wait(id, { untilEnd: false, seen: action.status, timeoutMs });
  }
}

function expectThat(holds: boolean, otherwise: string): void {
  if (!holds) throw new TourError(otherwise);
}
