/** The parts of the description that have names, so that programs made from it have types of these names. */

import { z } from 'zod';
import { accountCheckedSchema, accountListSchema, accountSchema } from '../../contracts/http/account.ts';
import {
  actionListAnswerSchema,
  actionSchema,
  lastApprovedSchema,
  nextActionsSchema,
} from '../../contracts/http/action.ts';
import { adapterListSchema, adapterSchema } from '../../contracts/http/adapter.ts';
import { autonomyListSchema, autonomySchema } from '../../contracts/http/autonomy.ts';
import { batchAnswerSchema, batchResultSchema } from '../../contracts/http/batch.ts';
import { blobSchema } from '../../contracts/http/blob.ts';
import {
  approvalsAnswerSchema,
  approvalsResultSchema,
  dlqGroupSchema,
  dlqGroupsSchema,
} from '../../contracts/http/bulk.ts';
import { controlAnswerSchema } from '../../contracts/http/control.ts';
import { dlqAnswerSchema } from '../../contracts/http/decisions.ts';
import { flagStateSchema, flagsChangedSchema, laneFlagsSchema } from '../../contracts/http/flags.ts';
import { laneCreatedSchema, laneListSchema } from '../../contracts/http/lane.ts';
import { logEntrySchema, logListSchema } from '../../contracts/http/log.ts';
import {
  noticeDestinationSchema,
  noticeListSchema,
  noticeMessageSchema,
  noticeTestSchema,
} from '../../contracts/http/notice.ts';
import { personListSchema, personSchema } from '../../contracts/http/person.ts';
import { problemSchema } from '../../contracts/http/problem.ts';
import {
  sessionEntrySchema,
  sessionListSchema,
  sessionSchema,
  signInMethodsSchema,
} from '../../contracts/http/session.ts';
import { dependencySchema, laneStatusSchema, readinessSchema, statusSchema } from '../../contracts/http/status.ts';
import { tickListSchema, tickSchema } from '../../contracts/http/tick.ts';
import { createdTokenSchema, tokenListSchema, tokenSchema } from '../../contracts/http/token.ts';
import { validateAnswerSchema, validateResultSchema } from '../../contracts/http/validate.ts';

const COMPONENTS = {
  Account: accountSchema,
  AccountChecked: accountCheckedSchema,
  AccountList: accountListSchema,
  Action: actionSchema,
  ActionList: actionListAnswerSchema,
  Adapter: adapterSchema,
  AdapterList: adapterListSchema,
  ApprovalsAnswer: approvalsAnswerSchema,
  ApprovalsResult: approvalsResultSchema,
  Autonomy: autonomySchema,
  AutonomyList: autonomyListSchema,
  BatchAnswer: batchAnswerSchema,
  BatchResult: batchResultSchema,
  Blob: blobSchema,
  ControlAnswer: controlAnswerSchema,
  CreatedToken: createdTokenSchema,
  Dependency: dependencySchema,
  DlqAnswer: dlqAnswerSchema,
  DlqGroup: dlqGroupSchema,
  DlqGroups: dlqGroupsSchema,
  FlagState: flagStateSchema,
  FlagsChanged: flagsChangedSchema,
  LaneCreated: laneCreatedSchema,
  LaneFlags: laneFlagsSchema,
  LaneList: laneListSchema,
  LaneStatus: laneStatusSchema,
  LastApproved: lastApprovedSchema,
  LogEntry: logEntrySchema,
  LogList: logListSchema,
  NextActions: nextActionsSchema,
  NoticeDestination: noticeDestinationSchema,
  NoticeList: noticeListSchema,
  NoticeMessage: noticeMessageSchema,
  NoticeTest: noticeTestSchema,
  Person: personSchema,
  PersonList: personListSchema,
  Problem: problemSchema,
  Readiness: readinessSchema,
  Session: sessionSchema,
  SessionEntry: sessionEntrySchema,
  SessionList: sessionListSchema,
  SignInMethods: signInMethodsSchema,
  Status: statusSchema,
  Tick: tickSchema,
  TickList: tickListSchema,
  Token: tokenSchema,
  TokenList: tokenListSchema,
  ValidateAnswer: validateAnswerSchema,
  ValidateResult: validateResultSchema,
} as const satisfies Readonly<Record<string, z.ZodType>>;

for (const [id, schema] of Object.entries(COMPONENTS)) z.globalRegistry.add(schema, { ...schema.meta(), id });

export function refTo(name: string): { readonly $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}
