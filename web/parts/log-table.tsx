/** Rows of the log. */

import { useMemo } from 'preact/hooks';
import type { LogEntry } from '../../src/contracts/http/log.ts';
import { duration } from '../../src/contracts/words.ts';
import { At } from './basics.tsx';
import { eventWords, localTimes, shortActor, shortened } from './words.ts';

export function LogTable({ entries }: { readonly entries: readonly LogEntry[] }) {
  return (
    <table class="table cards logs">
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">Level</th>
          <th scope="col">Event</th>
          <th scope="col">Message</th>
          <th scope="col">Lane</th>
          <th scope="col">By</th>
          <th scope="col">About</th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <LogRow key={entry.id} entry={entry} />
        ))}
      </tbody>
    </table>
  );
}

/** A row of the log never changes, so it is drawn once. */
function LogRow({ entry }: { readonly entry: LogEntry }) {
  return useMemo(
    () => (
      <tr>
        <td>
          <At iso={entry.at} />
        </td>
        <td class="level" data-level={entry.level}>
          {entry.level.toLowerCase()}
        </td>
        <td>{eventWords(entry.event)}</td>
        <td class="cut">
          <span title={shortened(localTimes(entry.message), 500)}>
            {shortened(localTimes(entry.message), 200)}
            {entry.durationMs !== null && ` (${duration(entry.durationMs)})`}
          </span>
          {entry.summary && (
            <span class="quiet" title={shortened(entry.summary, 500)}>
              {shortened(entry.summary, 160)}
            </span>
          )}
        </td>
        <td data-label="Lane">{entry.lane}</td>
        <td data-label="by">
          <span title={entry.actor}>{shortActor(entry.actor)}</span>
        </td>
        <td>{entry.actionId && <a href={`/actions/${entry.actionId}`}>Action …{entry.actionId.slice(-6)}</a>}</td>
      </tr>
    ),
    [entry.id],
  );
}
