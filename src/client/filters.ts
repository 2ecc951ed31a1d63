/** What the client's lists can be asked for. A field that is undefined asks for nothing. */

import type { LogEvent, LogLevel } from '../domain/events.ts';
import type { ActionMode, ActionStatus } from '../domain/states.ts';

export interface PageFilter {
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}

type OneOrMore<Word extends string> = Word | readonly Word[];

export interface ActionFilter extends PageFilter {
  readonly status?: OneOrMore<ActionStatus> | undefined;
  readonly type?: string | undefined;
  readonly lane?: string | undefined;
  readonly mode?: ActionMode | undefined;
  /** An id, the beginning of an idempotency key, or words in the payload or the last error. */
  readonly q?: string | undefined;
}

export interface LogFilter extends PageFilter {
  /** `*` is what concerns all lanes. */
  readonly lane?: string | undefined;
  readonly actionId?: string | undefined;
  readonly tickId?: string | undefined;
  readonly level?: OneOrMore<LogLevel> | undefined;
  readonly event?: OneOrMore<LogEvent> | undefined;
  readonly actor?: string | undefined;
  /** Words in the message or the detail. */
  readonly q?: string | undefined;
}

export interface TickFilter extends PageFilter {
  readonly lane?: string | undefined;
}
