/** A connection to Temporal that opens when it is needed, heals by itself, and never keeps a caller waiting. */

import { isNativeError } from 'node:util/types';
import {
  Client,
  Connection,
  type ConnectionOptions,
  isGrpcDeadlineError,
  isGrpcServiceError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import type { Dependency } from '../contracts/http/status.ts';
import { errorText, NotFoundError, PayloadKeyError, UnavailableError } from '../domain/errors.ts';
import { createPayloadCodec } from './payload-codec.ts';

export interface TemporalSettings {
  /** `host:port` */
  readonly address: string;
  readonly namespace: string;
  /** TLS, API key and metadata, as `@temporalio/envconfig` gives them. */
  readonly connection?: Pick<ConnectionOptions, 'tls' | 'apiKey' | 'metadata'>;
  /** What payloads are encrypted with (the first) and decrypted with (all); absent or none: they are plain. */
  readonly payloadKeys?: readonly Uint8Array[];
}

export interface TemporalGateway {
  /** Another one after a connection went silent: not to be kept. */
  readonly client: Client;
  readonly namespace: string;
  /**
   * Runs calls of {@link client} with a deadline.
   *
   * @throws UnavailableError when the server is away or silent
   * @throws NotFoundError when the workflow does not run
   */
  bounded<Result>(call: () => Promise<Result>, timeoutMs?: number): Promise<Result>;
  signal(workflowId: string, signalName: string, args?: readonly unknown[]): Promise<void>;
  /** Never throws; answers within its deadline. */
  health(): Promise<Dependency>;
  close(): Promise<void>;
}

/** Signals and health checks answer within this time. */
const CALL_TIMEOUT_MS = 1_000;
/** After so many calls in a row that nobody answered in time the connection is given up: it may have gone silent. */
const MISSED_ANSWERS = 2;

/** Without these, gRPC waits up to two minutes before it tries again to reach a server that came back. */
const RECONNECT = {
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
};

/** Opens nothing yet: the first call connects. */
export function connectTemporal(settings: TemporalSettings): TemporalGateway {
  let client = openClient(settings);
  let missed = 0;
  const replaceSilent = (silent: Client) => {
    if (client !== silent) return;
    client = openClient(settings);
    missed = 0;
    void silent.connection.close();
  };

  const bounded = async <Result>(call: () => Promise<Result>, timeoutMs = CALL_TIMEOUT_MS): Promise<Result> => {
    const used = client;
    const timer = new AbortController();
    try {
      const result = await Promise.race([
        used.connection.withDeadline(Date.now() + timeoutMs, call),
        rejectAfter(timeoutMs + 100, timer.signal),
      ]);
      missed = 0;
      return result;
    } catch (error) {
      missed = isUnanswered(error) ? missed + 1 : 0;
      if (missed >= MISSED_ANSWERS) replaceSilent(used);
      throw temporalError(error);
    } finally {
      timer.abort();
    }
  };

  return {
    get client() {
      return client;
    },
    namespace: settings.namespace,
    bounded,
    signal: (workflowId, signalName, args = []) =>
      bounded(() => client.workflow.getHandle(workflowId).signal<unknown[]>(signalName, ...args)),
    async health() {
      const startedAt = performance.now();
      try {
        await bounded(() => client.workflowService.describeNamespace({ namespace: settings.namespace }));
        return {
          ok: true,
          detail: `${settings.address}, namespace ${settings.namespace}`,
          latencyMs: Math.round(performance.now() - startedAt),
        };
      } catch (error) {
        return { ok: false, detail: `${settings.address}: ${errorText(error, 300)}`, latencyMs: null };
      }
    },
    close: () => client.connection.close(),
  };
}

function openClient(settings: TemporalSettings): Client {
  const connection = Connection.lazy({
    ...settings.connection,
    address: settings.address,
    channelArgs: RECONNECT,
    // The SDK's own retries go on behind a deadline, and throw out of a timer when the connection is closed meanwhile.
    interceptors: [],
  });
  const dataConverter = { payloadCodecs: [createPayloadCodec(settings.payloadKeys ?? [])] };
  return new Client({ connection, namespace: settings.namespace, dataConverter });
}

function rejectAfter(timeoutMs: number, signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const timer = setTimeout(() => reject(new UnansweredError(`no answer within ${timeoutMs} ms`)), timeoutMs);
    signal.addEventListener('abort', () => clearTimeout(timer));
  });
}

/** The time of a call was over, and gRPC had not said so itself. */
class UnansweredError extends Error {}

function isUnanswered(error: unknown): boolean {
  return error instanceof UnansweredError || isGrpcDeadlineError(causeOf(error));
}

/** What the SDK's own errors carry. */
function causeOf(error: unknown): unknown {
  return isNativeError(error) && error.cause !== undefined ? error.cause : error;
}

function temporalError(error: unknown): unknown {
  if (error instanceof WorkflowNotFoundError) return new NotFoundError(error.message);
  if (error instanceof PayloadKeyError) return error;
  const cause = causeOf(error);
  const reason = isGrpcServiceError(cause) ? cause.details || cause.message : errorText(cause);
  return new UnavailableError('temporal', `Temporal cannot be used: ${reason}`, { cause: error });
}
