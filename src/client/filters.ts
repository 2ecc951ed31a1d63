/** What the client's lists can be asked for: what the routes take, and of words one or several. Undefined asks for nothing. */

import type { ActionListQuery } from '../contracts/http/action.ts';
import type { LogListQuery } from '../contracts/http/log.ts';
import type { TickListQuery } from '../contracts/http/tick.ts';

type Asked<Value> = Value extends readonly (infer Word)[] ? Word | readonly Word[] : Value;
type Filter<Query> = { readonly [Name in keyof Query]?: Asked<Query[Name]> | undefined };

export type ActionFilter = Filter<ActionListQuery>;
export type LogFilter = Filter<LogListQuery>;
export type TickFilter = Filter<TickListQuery>;
/** `cursor` is `nextCursor` of the page before. */
export type PageFilter = Pick<TickFilter, 'cursor' | 'limit'>;
