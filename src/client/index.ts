/** What `aol/client` and the package `aol-client` export: the client, its errors, and the types of what it takes and answers. */

export type {
  Action,
  ActionList,
  ActionSummary,
  ActionSummaryList,
  LastApproved,
  NextActions,
} from '../contracts/http/action.ts';
export type { AdapterDescription, AdapterList } from '../contracts/http/adapter.ts';
export type { BatchAnswer, BatchResult } from '../contracts/http/batch.ts';
export type { ControlAnswer, ControlRequest, ControlVerb } from '../contracts/http/control.ts';
export type { AllowRequest, DlqAnswer, DlqInput, ResolveRequest } from '../contracts/http/decisions.ts';
export type { FlagState, FlagsChanged, FlagsOfLane, FlagsPatchInput } from '../contracts/http/flags.ts';
export type { JsonObject, JsonValue } from '../contracts/http/json.ts';
export type { LaneCreated, LaneList } from '../contracts/http/lane.ts';
export type { LogEntry, LogList } from '../contracts/http/log.ts';
export type { OpenWord } from '../contracts/http/primitives.ts';
export type { Problem } from '../contracts/http/problem.ts';
export type { Session } from '../contracts/http/session.ts';
export type { LaneStatus, Readiness, Status } from '../contracts/http/status.ts';
export type { Tick, TickList } from '../contracts/http/tick.ts';
export type { ApiToken, CreatedToken, CreateTokenRequest, TokenList } from '../contracts/http/token.ts';
export * from './client.ts';
