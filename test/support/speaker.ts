/** An adapter that speaks for an account; what comes of it, the test says. */

import { z } from 'zod';
import { defineAdapter, type Effect, type PerformContext, type PreparationOutcome } from '../../src/adapters/port.ts';
import type { Provider } from '../../src/adapters/provider.ts';
import type { AttemptOutcome } from '../../src/domain/outcomes.ts';

const payloadSchema = z.strictObject({ text: z.string(), account: z.string().optional() });

export function createSpeaker(provider: Provider) {
  const spoken: string[] = [];
  const play: {
    outcome: (text: string, context: PerformContext) => AttemptOutcome | Promise<AttemptOutcome>;
    /** How its preparation ends; absent: it has none. */
    preparation?: () => PreparationOutcome;
  } = {
    outcome: () => ({ kind: 'done', receipt: { id: 'post' } }),
  };
  const adapter = defineAdapter({
    contract: {
      type: 'SPEAK',
      title: 'Speak',
      performs: true,
      payload: payloadSchema,
      example: { text: 'Hello' },
    },
    version: 1,
    providers: [provider],
    account: ({ account }) => ({ provider: provider.name, name: account }),
    redelivery: () => ({ kind: 'neither' }),
    render({ text }, { account }): Effect {
      if (!account) throw new Error('there is an account');
      const { name, identity, server } = account;
      return {
        type: 'SPEAK',
        adapterVersion: 1,
        summary: `speak as ${identity}`,
        account: { name, provider: provider.name, identity, server },
        preparations: play.preparation
          ? [
              {
                name: 'look',
                summary: 'Look',
                request: { protocol: 'http', method: 'GET', url: server, headers: {}, body: { kind: 'none' } },
              },
            ]
          : [],
        request: { protocol: 'http', method: 'POST', url: server, headers: {}, body: { kind: 'text', text } },
        blobs: [],
        addedAtSending: [],
      };
    },
    prepare: async () => play.preparation?.() ?? { kind: 'rejected', reason: 'it prepares nothing' },
    async perform({ request }, context): Promise<AttemptOutcome> {
      const text = request.protocol === 'http' && request.body.kind === 'text' ? request.body.text : '';
      const outcome = await play.outcome(text, context);
      if (outcome.kind === 'done') spoken.push(text);
      return outcome;
    },
  });
  return { adapter, spoken, play };
}
