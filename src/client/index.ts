/** What `aol/client` and the package `aol-client` export: the client, its errors, and the types of what it takes and answers. */

export type {
  Action,
  ActionList,
  ActionSummary,
  ActionSummaryList,
  ChangesRequested,
  LastApproved,
  NextActions,
} from '../contracts/http/action.ts';
export type { AdapterDescription, AdapterList } from '../contracts/http/adapter.ts';
export type { BatchAnswer, BatchResult } from '../contracts/http/batch.ts';
export type {
  ApprovalsAnswer,
  ApprovalsRequest,
  ApprovalsResult,
  CancelManyInput,
  DlqGroup,
  DlqGroups,
} from '../contracts/http/bulk.ts';
export type { ControlAnswer, ControlRequest, ControlVerb } from '../contracts/http/control.ts';
export type {
  AllowRequest,
  DlqAnswer,
  DlqInput,
  PromoteRequest,
  RequestChanges,
  RescheduleRequest,
  ResolveRequest,
  ReviseRequest,
} from '../contracts/http/decisions.ts';
export type { FlagState, FlagsChanged, FlagsOfLane, FlagsPatchInput } from '../contracts/http/flags.ts';
export type { JsonObject, JsonValue } from '../contracts/http/json.ts';
export type { LaneCreated, LaneList } from '../contracts/http/lane.ts';
export type { LogEntry, LogList } from '../contracts/http/log.ts';
export type { NoticeList, NoticeMessage, NoticeTest } from '../contracts/http/notice.ts';
export type { Person, PersonList } from '../contracts/http/person.ts';
export type { OpenWord } from '../contracts/http/primitives.ts';
export type { Problem } from '../contracts/http/problem.ts';
export type { Session, SessionEntry, SessionList, SignInMethods } from '../contracts/http/session.ts';
export type { LaneStatus, Readiness, Status } from '../contracts/http/status.ts';
export type { Tick, TickList } from '../contracts/http/tick.ts';
export type { ApiToken, CreatedToken, CreateTokenRequest, TokenList } from '../contracts/http/token.ts';
export type { ValidateAnswer, ValidateResult } from '../contracts/http/validate.ts';
export * from './client.ts';
