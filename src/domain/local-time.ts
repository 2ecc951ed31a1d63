/** Times as people say them: a date and a clock in a zone. Which moment that is, and the other way round. */

export type ReadTime =
  /** `note` says which of two moments was taken. */
  | { readonly ok: true; readonly at: Date; readonly note?: string }
  /** What it must be, to be said after its name. */
  | { readonly ok: false; readonly rule: string };

const EXAMPLES = '2026-12-01 09:00 Europe/Berlin, or 2026-12-01T09:00:00+01:00';
const TIME =
  /^(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3})\d*)?)? *(Z|[+-]\d{2}:?\d{2}|[A-Za-z][A-Za-z0-9_+\-/]*)?$/u;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/**
 * Reads `2026-12-01 09:00 Europe/Berlin`, or a time with an offset. A time that the clocks of the zone skip is refused; of one that
 * comes twice the first is taken, and the note says so.
 */
export function readTime(text: string): ReadTime {
  const [, year, month, day, hour, minute, second = '00', fraction = '0', zone] = TIME.exec(text.trim()) ?? [];
  if (year === undefined) return wrong(`must be a date and time with a zone: ${EXAMPLES}`);
  const parts = [year, month, day, hour, minute, second].map(Number);
  const wallMs = utc(parts) + Number(fraction.padEnd(3, '0'));
  if (!isOnCalendar(parts, wallMs)) return wrong(`must be a date and time that exist: ${EXAMPLES}`);
  if (zone === undefined) return wrong(`must name its zone: ${EXAMPLES}`);
  const offsetMs = fixedOffset(zone);
  if (offsetMs !== undefined) return { ok: true, at: new Date(wallMs - offsetMs) };
  if (!isZone(zone)) return wrong(`names an unknown time zone, ${zone}; an example is Europe/Berlin`);
  const [first, again] = momentsOf(wallMs, zone);
  if (first === undefined) return wrong(skipped(wallMs, zone));
  const at = new Date(first);
  if (again === undefined) return { ok: true, at };
  const said = `${clockOf(wallMs)} comes twice in ${zone}, where clocks go back: the first is taken, ${at.toISOString()}`;
  return { ok: true, at, note: said };
}

/** `2026-12-01 09:00:00`, as clocks in that zone show it. */
export function wallTime(at: Date, zone: string): string {
  return new Date(at.getTime() + offsetAt(at.getTime(), zone)).toISOString().slice(0, 19).replace('T', ' ');
}

/** Whether a name is that of a zone: `Europe/Berlin`. */
export function isZone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** The zone of whoever runs this: of TZ in a terminal, of the system in a browser. */
export function ownZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function wrong(rule: string): ReadTime {
  return { ok: false, rule };
}

function utc([year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0]: readonly number[]): number {
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** Date.UTC carries over: the 31st of November is the 1st of December. */
function isOnCalendar(parts: readonly number[], wallMs: number): boolean {
  const date = new Date(wallMs);
  const [year, month, day, hour, minute, second] = parts;
  return (
    date.getUTCFullYear() === year &&
    date.getUTCMonth() + 1 === month &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second
  );
}

function fixedOffset(zone: string): number | undefined {
  if (zone === 'Z') return 0;
  const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})$/u.exec(zone) ?? [];
  if (sign === undefined) return undefined;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * MINUTE_MS;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** @throws RangeError for a name that is no zone's */
function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(zone, made);
  return made;
}

const FIELDS = ['year', 'month', 'day', 'hour', 'minute', 'second'] as const;

/** How far the clocks of a zone are ahead of UTC at a moment. */
function offsetAt(atMs: number, zone: string): number {
  const parts = formatOf(zone).formatToParts(atMs);
  const wall = utc(FIELDS.map((field) => Number(parts.find(({ type }) => type === field)?.value)));
  return wall - Math.floor(atMs / 1_000) * 1_000;
}

/** The moments at which clocks of a zone show this: none, one or two, the earlier first. */
function momentsOf(wallMs: number, zone: string): number[] {
  const offsets = new Set([wallMs - DAY_MS, wallMs + DAY_MS].map((atMs) => offsetAt(atMs, zone)));
  return [...offsets]
    .map((offsetMs) => wallMs - offsetMs)
    .filter((atMs) => atMs + offsetAt(atMs, zone) === wallMs)
    .sort((one, other) => one - other);
}

function skipped(wallMs: number, zone: string): string {
  const before = offsetAt(wallMs - DAY_MS, zone);
  let [from, to] = [wallMs - DAY_MS, wallMs + DAY_MS];
  while (to - from > MINUTE_MS) {
    const middle = from + Math.floor((to - from) / 2);
    if (offsetAt(middle, zone) === before) from = middle;
    else to = middle;
  }
  const changeMs = Math.floor(to / MINUTE_MS) * MINUTE_MS;
  const after = offsetAt(wallMs + DAY_MS, zone);
  const nearest = [changeMs - MINUTE_MS + before, changeMs + after].map(clockOf).join(' and ');
  return `does not exist in ${zone}, where clocks go forward over ${clockOf(wallMs)}: the nearest times are ${nearest}`;
}

function clockOf(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 16).replace('T', ' ');
}
