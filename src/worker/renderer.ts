/** Renders what would be proved, without an action: in a thread of its own, which is ended when it takes too long. */

import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { errorText } from '../domain/errors.ts';
import { type RenderReply, type RenderRequest, type RenderSettings, renderReplySchema } from './render-messages.ts';

/** Longer than an adapter may take. */
const RENDER_LIMIT_MS = 10_000;
/** For loading the adapters, on a machine that is busy. */
const START_LIMIT_MS = 30_000;
const MAX_HEAP_MB = 512;

export interface Renderer {
  /** One after the other. Never throws: whatever an adapter does is the reply. */
  render(request: RenderRequest): Promise<RenderReply>;
  close(): Promise<void>;
}

/** Starts its thread when something is rendered first. */
export function createRenderer(settings: RenderSettings, limitMs = RENDER_LIMIT_MS): Renderer {
  let thread: Worker | undefined;
  let last: Promise<unknown> = Promise.resolve();

  const start = async (): Promise<Worker> => {
    const started = new Worker(new URL(`./render-thread${extname(import.meta.url)}`, import.meta.url), {
      workerData: settings,
      name: 'render',
      execArgv: ['--no-warnings'],
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    });
    thread = started;
    started.once('exit', () => {
      if (thread === started) thread = undefined;
    });
    await once(started, 'message', { signal: AbortSignal.timeout(START_LIMIT_MS) });
    // Without a listener a later failure would be ours.
    started.on('error', () => undefined);
    started.unref();
    return started;
  };

  const end = async (ended: Worker): Promise<void> => {
    if (thread === ended) thread = undefined;
    await ended.terminate();
  };

  const renderOne = async (request: RenderRequest): Promise<RenderReply> => {
    try {
      const asked = thread ?? (await start());
      const reply = await replyOf(asked, request, limitMs);
      if (reply) return reply;
      await end(asked);
      return failed(`rendering took longer than ${limitMs} ms`);
    } catch (error) {
      if (thread) await end(thread);
      return failed(`the adapters cannot be loaded: ${errorText(error, 300)}`);
    }
  };

  return {
    render(request) {
      const rendered = last.then(() => renderOne(request));
      last = rendered;
      return rendered;
    },
    async close() {
      if (thread) await end(thread);
    },
  };
}

function failed(reason: string): RenderReply {
  return { kind: 'failed', reason, problems: [] };
}

/** Undefined: it was not there in time. */
function replyOf(thread: Worker, request: RenderRequest, limitMs: number): Promise<RenderReply | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => settle(undefined), limitMs);
    const settle = (reply: RenderReply | undefined) => {
      clearTimeout(timer);
      thread.off('message', onMessage).off('error', onError).off('exit', onExit);
      resolve(reply);
    };
    const onMessage = (message: unknown) => {
      const parsed = renderReplySchema.safeParse(message);
      settle(parsed.success ? parsed.data : failed('the thread that renders answered something else than agreed'));
    };
    const onError = (error: unknown) => settle(failed(`the adapter ended its thread: ${errorText(error, 300)}`));
    const onExit = () => settle(failed('the adapter ended its thread'));
    thread.on('message', onMessage).once('error', onError).once('exit', onExit);
    thread.postMessage(request);
  });
}
