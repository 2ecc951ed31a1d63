/** Every bound of the contract, in one place. Durations are in milliseconds, sizes in bytes. */

export const MAX_ATTEMPTS = 3;
/** An action that workers died with so often, before anything of it was sent, is dead-lettered as `crashed`. */
export const MAX_DEATHS = 3;
/** One that workers died with so often goes alone, so that the next death shows whether it is to blame. */
export const SUSPECT_DEATHS = 2;
export const ATTEMPT_TIMEOUT_MS = 20_000;
/** A gate that took longer to answer is not acted on: the flags it read may be old by then. */
export const GATE_LIMIT_MS = 500;
export const MAX_RETRY_AFTER_MS = 3_600_000;

export const MAX_KEY_LENGTH = 255;
export const MAX_LANE_LENGTH = 63;
export const MAX_PAYLOAD_BYTES = 64 * 1024;
export const MAX_BODY_BYTES = 256 * 1024;
export const MAX_JSON_DEPTH = 32;
/** Actions of one batch, and the bytes of its body. */
export const MAX_BATCH_ACTIONS = 1_000;
export const MAX_BATCH_BODY_BYTES = 8 * 1024 * 1024;
/** A picture or file that goes out with effects. */
export const MAX_BLOB_BYTES = 20 * 1024 * 1024;
export const MAX_PAGE_SIZE = 200;
export const DEFAULT_PAGE_SIZE = 50;
/** How many actions may wait, unless AOL_MAX_QUEUED says otherwise. */
export const DEFAULT_MAX_QUEUED = 1_000_000;
/** Calls of one token in a minute, unless AOL_API_RATE says otherwise. */
export const DEFAULT_CALLS_PER_MINUTE = 60_000;
/** Lists count exactly up to here; beyond, they say that there are more. */
export const MAX_EXACT_TOTAL = 10_000;
/** How many actions one call replays, clears or cancels. */
export const MAX_BULK_DECISIONS = 1_000;
/** How many one call approves and rejects: each is a transaction of its own. */
export const MAX_BULK_APPROVALS = 200;
/** How many requests one call renders. */
export const MAX_VALIDATED = 50;
/** What is left of a last error, when dead letters are put into groups by it. */
export const MAX_CAUSE_LENGTH = 300;
/** How long `GET /v1/actions/{id}?wait=` waits at most. */
export const MAX_WAIT_MS = 60_000;
export const MIN_PRIORITY = -100;
export const MAX_PRIORITY = 100;
/** How far ahead an action may be scheduled. */
export const MAX_SCHEDULE_MS = 5 * 365 * 24 * 3_600_000;
/** Strings in errors are cut before they reach a row or a workflow history. */
export const MAX_ERROR_LENGTH = 2_000;

export const BUSY_HEARTBEAT_MS = 5_000;
export const IDLE_HEARTBEAT_MS = 60_000;
/** A lease outlives three heartbeats of the kind in force. */
export const LEASE_HEARTBEATS = 3;
/** How long a claim is good for; past it, it is stale and may be taken over. */
export const CLAIM_TTL_MS = 60_000;
/** How long a person has to approve, where nothing else was set. */
export const APPROVAL_TTL_MS = 7 * 24 * 3_600_000;
export const SUPERVISOR_INTERVAL_MS = 1_000;
/** How long REAL may be unlocked for, where it is to lock itself again: a minute to 30 days. */
export const MIN_UNLOCK_MS = 60_000;
export const MAX_UNLOCK_MS = 30 * 24 * 3_600_000;
/** How many lanes, and how many types, a token may be bound to. */
export const MAX_TOKEN_BOUNDS = 100;
