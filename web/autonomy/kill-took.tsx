/** How long a kill took, from the log: until the last attempt that was at work had its outcome. Whoever pressed it. */

import type { LogEntry } from '../../src/contracts/http/log.ts';
import { counted, duration, knownWord } from '../../src/contracts/words.ts';
import { ATTEMPT_CLOSING_EVENTS } from '../../src/domain/events.ts';
import { useResource } from '../state/resource.ts';
import { client } from '../state/session.ts';

const LOOKED_AT = 100;

interface Props {
  readonly kill: LogEntry;
  /** When the kill was ended; what ended after it says nothing about the kill. */
  readonly endedAt: string | undefined;
}

export function KillTook({ kill, endedAt }: Props) {
  const outcomes = useResource(
    String(kill.id),
    () =>
      client.listLogs({
        event: [...ATTEMPT_CLOSING_EVENTS],
        limit: LOOKED_AT,
        ...(kill.lane !== '*' && { lane: kill.lane }),
      }),
    {
      isLive: endedAt === undefined,
      isAbout: ({ event }) => knownWord(ATTEMPT_CLOSING_EVENTS, event) !== undefined,
    },
  ).data?.items;
  const words = outcomes && tookWords(kill.at, endedAt, outcomes);
  return words ? <span class="number">; {words}</span> : null;
}

function tookWords(killedAt: string, endedAt: string | undefined, outcomes: readonly LogEntry[]): string | undefined {
  const oldest = outcomes.at(-1);
  // More has ended since than is looked at, so what ended first is not among it.
  if (outcomes.length === LOOKED_AT && oldest && oldest.at > killedAt) return undefined;
  const after = outcomes.filter(({ at, attempt }) => attempt !== null && at > killedAt && (!endedAt || at < endedAt));
  const lastAt = after[0]?.at;
  if (lastAt === undefined) return 'nothing was at work';
  return `${counted(after.length, 'attempt')} ended within ${duration(Date.parse(lastAt) - Date.parse(killedAt))}`;
}
