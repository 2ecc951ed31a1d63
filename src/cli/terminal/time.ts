/** Times as the terminal shows them: in the reader's zone (TZ, else the system's), which is named. JSON stays in UTC. */

import { ownZone, wallTime } from '../../domain/local-time.ts';

/** `2026-12-01 09:00:00`, for a column whose title names the zone. */
export function clock(time: string): string {
  return wallTime(new Date(time), ownZone());
}

/** `2026-12-01 09:00:00 Europe/Berlin` */
export function when(time: string): string;
export function when(time: string | null): string | null;
export function when(time: string | null): string | null {
  return time === null ? null : `${clock(time)} ${ownZone()}`;
}

/** `AT (Europe/Berlin)` */
export function zoned(title: string): string {
  return `${title} (${ownZone()})`;
}

const UTC_TIME = /\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?Z/gu;

/** The same words of the server with its times as this terminal shows them. */
export function withLocalTimes(words: string): string {
  return words.replaceAll(UTC_TIME, (time) => when(time));
}
