/**
 * Traces. An action's trace has the action's id (16 bytes, as a trace id has), and its first span, the enqueue, has the id's
 * second half: so every process knows where its spans belong, and nothing is handed on in rows or in Temporal's history. A
 * tick has a trace of its own by the same rule; an action's spans link to it.
 *
 * Off until {@link startTracing}, and free of cost then.
 */

import { randomBytes } from 'node:crypto';
import {
  type Attributes,
  context,
  DiagLogLevel,
  diag,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';

/** The trace of an action or a tick: its UUID without the dashes. */
export function traceIdOf(id: string): string {
  return id.replaceAll('-', '');
}

/** The first span of an id's trace. */
function firstSpanOf(id: string): SpanContext {
  const traceId = traceIdOf(id);
  return { traceId, spanId: traceId.slice(16), traceFlags: TraceFlags.SAMPLED, isRemote: true };
}

export interface SpanOptions {
  readonly attributes?: Attributes;
  /** Another action or tick that this has to do with. */
  readonly linkTo?: string;
  readonly kind?: 'client' | 'server';
}

interface Ended {
  /** By `Date.now()`; the end is now. */
  readonly startedAtMs: number;
}

/** The spans that the SDK makes next are to have these ids, instead of random ones. */
let given: SpanContext | undefined;
const idGenerator = {
  generateTraceId: () => given?.traceId ?? randomBytes(16).toString('hex'),
  generateSpanId: () => given?.spanId ?? randomBytes(8).toString('hex'),
};

let isTracing = false;
const tracer = trace.getTracer('aol');
const KINDS = { client: SpanKind.CLIENT, server: SpanKind.SERVER } as const;

/** Records the first span of an id's trace, which the others hang from. */
export function recordFirstSpan(id: string, name: string, options: SpanOptions & Ended & Caller): void {
  if (!isTracing) return;
  const links = options.traceparent === undefined ? [] : linksToCaller(options.traceparent);
  given = firstSpanOf(id);
  try {
    const settings = spanSettings(options, links);
    tracer.startSpan(name, { ...settings, root: true, startTime: options.startedAtMs }, ROOT_CONTEXT).end();
  } finally {
    given = undefined;
  }
}

interface Caller {
  /** The header of that name, of a caller that has a trace of its own. */
  readonly traceparent?: string | undefined;
}

/** Records a span of an id's trace that is over. */
export function recordSpan(id: string, name: string, options: SpanOptions & Ended): void {
  if (!isTracing) return;
  tracer.startSpan(name, { ...spanSettings(options), startTime: options.startedAtMs }, parentOf(id)).end();
}

/** Runs `work` in a span of an id's trace, below the span that is open there. */
export async function inSpan<Result>(
  id: string,
  name: string,
  options: SpanOptions,
  work: (span: Pick<Span, 'setAttributes'>) => Promise<Result>,
): Promise<Result> {
  if (!isTracing) return work(NO_SPAN);
  const parent = parentOf(id);
  const span = tracer.startSpan(name, spanSettings(options), parent);
  try {
    return await context.with(trace.setSpan(parent, span), () => work(span));
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}

const NO_SPAN: Pick<Span, 'setAttributes'> = {
  setAttributes() {
    return trace.wrapSpanContext(firstSpanOf('0'.repeat(32)));
  },
};

/** Where a new span hangs: below the open one when that is of the same trace, else below the first. */
function parentOf(id: string) {
  const active = context.active();
  const isSameTrace = trace.getSpanContext(active)?.traceId === traceIdOf(id);
  return isSameTrace ? active : trace.setSpanContext(ROOT_CONTEXT, firstSpanOf(id));
}

function spanSettings({ attributes = {}, linkTo, kind }: SpanOptions, links: Link[] = []) {
  return {
    attributes,
    links: linkTo === undefined ? links : [...links, { context: firstSpanOf(linkTo) }],
    ...(kind === undefined ? {} : { kind: KINDS[kind] }),
  };
}

function linksToCaller(traceparent: string): Link[] {
  const caller = trace.getSpanContext(propagation.extract(ROOT_CONTEXT, { traceparent }));
  return caller ? [{ context: caller }] : [];
}

export interface RunningTraces {
  /** Sends what is left. Never throws. */
  stop(): Promise<void>;
}

/**
 * Starts OpenTelemetry's SDK, which reads its own variables (`OTEL_…`): where spans go, how they are sampled. A sampler must
 * decide by the trace id alone (`traceidratio`), so that all processes decide alike.
 */
export async function startTracing(
  serviceName: string,
  warn: (detail: object, message: string) => void,
): Promise<RunningTraces> {
  const { NodeSDK, resources } = await import('@opentelemetry/sdk-node');
  const sdk = new NodeSDK({
    idGenerator,
    instrumentations: [],
    metricReaders: [],
    logRecordProcessors: [],
    resource: resources.resourceFromAttributes({ 'service.name': serviceName }),
    // Not the process' command line, which may hold what is nobody's business.
    resourceDetectors: [resources.envDetector, resources.hostDetector],
  });
  const say = (message: string) => warn({ part: 'opentelemetry' }, message.slice(0, 500));
  diag.setLogger(
    { error: say, warn: say, info: () => undefined, debug: () => undefined, verbose: () => undefined },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  sdk.start();
  isTracing = true;
  return {
    async stop() {
      isTracing = false;
      await sdk.shutdown().catch((error: unknown) => say(String(error)));
    },
  };
}
