/** Control flags: names, types, bounds, defaults, and how lane `*` is inherited. */

/** The lane whose flags are the defaults of all, and whose `paused` and `killed` hold for all. */
export const ALL_LANES = '*';
export const DEFAULT_LANE = 'default';

export const APPROVAL_POLICIES = ['none', 'first_of_type', 'all'] as const;
export type ApprovalPolicy = (typeof APPROVAL_POLICIES)[number];

export type FlagKind =
  | { readonly type: 'boolean' }
  | { readonly type: 'integer'; readonly minimum: number; readonly maximum: number }
  | { readonly type: 'choice'; readonly choices: readonly string[] };

interface FlagDefinition {
  readonly kind: FlagKind;
  readonly default: FlagValue;
  readonly meaning: string;
}

export type FlagValue = boolean | number | string;

export const FLAGS = {
  paused: { kind: { type: 'boolean' }, default: false, meaning: 'no new attempts; what runs finishes' },
  killed: { kind: { type: 'boolean' }, default: false, meaning: 'stopped until start' },
  proof_only: { kind: { type: 'boolean' }, default: true, meaning: 'the lane makes only proofs and sends nothing' },
  max_actions_per_tick: {
    kind: { type: 'integer', minimum: 1, maximum: 1_000 },
    default: 3,
    meaning: 'claims of one tick',
  },
  tick_interval_ms: {
    kind: { type: 'integer', minimum: 0, maximum: 3_600_000 },
    default: 5_000,
    meaning: 'shortest time between two ticks, in milliseconds',
  },
  max_tick_ms: {
    kind: { type: 'integer', minimum: 1_000, maximum: 60_000 },
    default: 20_000,
    meaning: 'longest time of a tick, in milliseconds; after it the tick closes as OVERRUN',
  },
  max_running: {
    kind: { type: 'integer', minimum: 1, maximum: 1_000 },
    default: 100,
    meaning: 'how many actions of the lane may run at once',
  },
  approval_policy: {
    kind: { type: 'choice', choices: APPROVAL_POLICIES },
    default: 'none',
    meaning: 'which REAL actions need a person’s approval',
  },
  approver_must_differ: {
    kind: { type: 'boolean' },
    default: false,
    meaning: 'the person or program that queued or promoted an action cannot approve it',
  },
  approvals_needed: {
    kind: { type: 'integer', minimum: 1, maximum: 3 },
    default: 1,
    meaning: 'how many different people must approve an artifact before it is sent',
  },
} as const satisfies Record<string, FlagDefinition>;

export type FlagName = keyof typeof FLAGS;
export const FLAG_NAMES = Object.keys(FLAGS) as readonly FlagName[];

export interface LaneFlags {
  readonly paused: boolean;
  readonly killed: boolean;
  readonly proof_only: boolean;
  readonly max_actions_per_tick: number;
  readonly tick_interval_ms: number;
  readonly max_tick_ms: number;
  readonly max_running: number;
  readonly approval_policy: ApprovalPolicy;
  readonly approver_must_differ: boolean;
  readonly approvals_needed: number;
}

/** A row of `aol_control_flags`, as far as inheritance is concerned, with its value of now: REAL that was unlocked for a time is locked after it. */
export interface FlagRow {
  readonly lane: string;
  readonly name: FlagName;
  readonly value: FlagValue;
  /** When `proof_only` locks itself again. */
  readonly expiresAt?: Date | null;
}

/** Whether a value has the flag's type and lies within its bounds. */
export function isFlagValue(name: FlagName, value: unknown): value is FlagValue {
  const kind: FlagKind = FLAGS[name].kind;
  switch (kind.type) {
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value) && value >= kind.minimum && value <= kind.maximum;
    case 'choice':
      return typeof value === 'string' && kind.choices.includes(value);
  }
}

/**
 * The flags in force in a lane: its own row, else the row of `*`, else the default; `paused` and `killed`
 * of `*` hold besides those of the lane.
 */
export function flagsInForce(lane: string, rows: readonly FlagRow[]): LaneFlags {
  const find = (at: string, name: FlagName) => rows.find((row) => row.lane === at && row.name === name)?.value;
  const value = (name: FlagName) => find(lane, name) ?? find(ALL_LANES, name) ?? FLAGS[name].default;
  const either = (name: 'paused' | 'killed') => find(lane, name) === true || find(ALL_LANES, name) === true;
  return {
    paused: either('paused'),
    killed: either('killed'),
    proof_only: value('proof_only') !== false,
    max_actions_per_tick: Number(value('max_actions_per_tick')),
    tick_interval_ms: Number(value('tick_interval_ms')),
    max_tick_ms: Number(value('max_tick_ms')),
    max_running: Number(value('max_running')),
    approval_policy: approvalPolicy(value('approval_policy')),
    approver_must_differ: value('approver_must_differ') !== false,
    approvals_needed: Number(value('approvals_needed')),
  };
}

function approvalPolicy(value: FlagValue): ApprovalPolicy {
  return APPROVAL_POLICIES.find((policy) => policy === value) ?? 'all';
}

/** How much a value lets a lane do; only to be compared with another value of the same flag. */
function looseness(name: FlagName, value: FlagValue): number {
  switch (name) {
    case 'paused':
    case 'killed':
      return 0;
    case 'proof_only':
    case 'approver_must_differ':
      return value === false ? 1 : 0;
    case 'tick_interval_ms':
    case 'approvals_needed':
      return -Number(value);
    case 'approval_policy':
      return -APPROVAL_POLICIES.indexOf(approvalPolicy(value));
    case 'max_actions_per_tick':
    case 'max_tick_ms':
    case 'max_running':
      return Number(value);
  }
}

/** Whether a change lets a lane do more than before. `paused` and `killed` are no limits: operators press and release them. */
export function isLoosening(name: FlagName, before: FlagValue, after: FlagValue): boolean {
  return looseness(name, after) > looseness(name, before);
}

/**
 * Whether a change is an admin's: loosening, and every `proof_only: false`, because that also detaches the lane from
 * a later lock of all lanes.
 *
 * @param before the value in force in that lane
 */
export function needsAdmin(name: FlagName, before: FlagValue, after: FlagValue): boolean {
  return isLoosening(name, before, after) || (name === 'proof_only' && after === false);
}

/** The two keys of REAL (promise 5): what a lane does, and why in words. */
export function laneMode(
  workerProofMode: boolean,
  flags: Pick<LaneFlags, 'proof_only'>,
): { readonly mode: 'PROOF' | 'REAL'; readonly why: string } {
  const reasons: string[] = [];
  if (workerProofMode) reasons.push('AOL_PROOF_MODE is not 0 in the worker');
  if (flags.proof_only) reasons.push("the lane's proof_only is true");
  if (reasons.length > 0) return { mode: 'PROOF', why: reasons.join(', and ') };
  return { mode: 'REAL', why: "AOL_PROOF_MODE is 0 in the worker, and the lane's proof_only is false" };
}
