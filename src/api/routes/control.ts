/** `/v1/control`: pause, resume, kill, start. They answer after the flag is committed. */

import { z } from 'zod';
import {
  CONTROL_VERBS,
  type ControlVerb,
  controlAnswerSchema,
  controlRequestSchema,
  type StartRequest,
  startRequestSchema,
} from '../../contracts/http/control.ts';
import { takeLeaseAway } from '../../db/decide/lease.ts';
import { createPress } from '../../db/decide/press.ts';
import { ALL_LANES } from '../../domain/flags.ts';
import { requireRight } from '../access/route-rights.ts';
import { requireLaneInScope } from '../access/scope.ts';
import type { Api, ApiContext } from '../context.ts';

interface Meaning {
  readonly flag: 'paused' | 'killed';
  readonly value: boolean;
  readonly done: string;
  readonly summary: string;
}

const MEANINGS: Readonly<Record<ControlVerb, Meaning>> = {
  pause: { flag: 'paused', value: true, done: 'paused', summary: 'No new attempts; what runs finishes' },
  resume: { flag: 'paused', value: false, done: 'resumed', summary: 'End a pause' },
  kill: { flag: 'killed', value: true, done: 'killed', summary: 'Stop now, and stay stopped until start' },
  start: { flag: 'killed', value: false, done: 'started', summary: 'Revive after a kill' },
};

export function controlRoutes(app: Api, { waker, ...ports }: ApiContext): void {
  const database = ports.controlDatabase ?? ports.database;
  // Of their own, so that a kill never waits for those who pause and resume.
  const presses = { paused: createPress(database), killed: createPress(database) };
  for (const verb of CONTROL_VERBS) {
    const { flag, value, summary } = MEANINGS[verb];
    app.route({
      method: 'POST',
      url: `/v1/control/${verb}`,
      config: { bodyOptional: true, control: true, problems: [404] },
      schema: {
        summary,
        querystring: z.strictObject({}),
        body: verb === 'start' ? startRequestSchema : controlRequestSchema,
        response: { 200: controlAnswerSchema },
      },
      async handler(request) {
        const lane = request.body.lane ?? ALL_LANES;
        requireLaneInScope(request.scope, lane);
        const asked: StartRequest = request.body;
        if (asked.force) requireRight(request, 'administer');
        const by = { actor: request.actor, reason: request.body.reason };
        const { lanes, stillOn, ...pressed } = await presses[flag]({ lane, flag, value, ...by });
        const freed = asked.force ? await takeLeaseAway(database, lane, by) : [];
        waker.signalControl(lanes, verb === 'kill' ? { killed: true } : undefined);
        const message = describe(verb, lane, pressed.changed, value ? [] : stillOn);
        const taken = freed.length === 0 ? '' : `; lease taken away: ${freed.join(', ')}`;
        return { verb, lane, ...pressed, message: message + taken };
      },
    });
  }
}

function describe(verb: ControlVerb, lane: string, changed: boolean, stopped: readonly string[]): string {
  const { flag, done } = MEANINGS[verb];
  const words = `${lane === ALL_LANES ? 'all lanes' : `lane ${lane}`} ${done}${changed ? '' : ' already'}`;
  if (stopped.length === 0) return words;
  return lane === ALL_LANES
    ? `${words}; still ${flag} by a flag of their own: ${stopped.join(', ')}`
    : `${words}; still ${flag} by the flag of all lanes`;
}
