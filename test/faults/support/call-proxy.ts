/**
 * A proxy in front of Temporal that knows its calls apart, so that single ones can be refused or lost while all others pass.
 * Every call of Temporal is one message and one answer: both pass as a whole.
 */

import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { gunzipSync } from 'node:zlib';

/** Of the two only what is there applies. */
export interface Interception {
  /** A call of Temporal's workflow service, such as `StartWorkflowExecution`. */
  readonly method: string;
  /** Which of them are answered PERMISSION_DENIED, which no client repeats by itself, and never reach the server. */
  readonly refuses?: (request: Buffer) => boolean;
  /** Whose answer is lost: an empty message comes instead. */
  readonly loses?: (answer: Buffer) => boolean;
}

export interface CallProxy {
  readonly port: number;
  /** Holds until the function that it answers is called. */
  intercept(interception: Interception): () => void;
  close(): Promise<void>;
}

interface Answer {
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
  readonly trailers: OutgoingHttpHeaders;
}

const EMPTY_MESSAGE = Buffer.alloc(5);

const PERMISSION_DENIED: Answer = {
  headers: { ':status': 200, 'content-type': 'application/grpc' },
  body: Buffer.alloc(0),
  trailers: { 'grpc-status': '7', 'grpc-message': 'refused by the fault suite' },
};

export async function startCallProxy(targetPort: number): Promise<CallProxy> {
  const interceptions = new Set<Interception>();
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on('session', (near) => {
    const far = connect(`http://127.0.0.1:${targetPort}`);
    sessions.add(near);
    const end = () => {
      sessions.delete(near);
      near.destroy();
      far.destroy();
    };
    for (const session of [near, far]) session.on('error', () => undefined).on('close', end);
    near.on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      void pass(stream, headers, far, interceptions).catch(() => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the system gave no port');
  return {
    port: address.port,
    intercept(interception) {
      interceptions.add(interception);
      return () => void interceptions.delete(interception);
    },
    async close() {
      server.close();
      for (const session of sessions) session.destroy();
    },
  };
}

async function pass(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  far: ClientHttp2Session,
  interceptions: ReadonlySet<Interception>,
): Promise<void> {
  const request = await bodyOf(stream);
  // Asked anew for the answer: a poll stands open for long.
  const ours = () => [...interceptions].filter(({ method }) => headers[':path']?.endsWith(`/${method}`));
  if (ours().some(({ refuses }) => refuses?.(messageIn(request)))) {
    reply(stream, PERMISSION_DENIED);
    return;
  }
  const answer = await ask(far, headers, request, stream);
  const isLost = ours().some(({ loses }) => loses?.(messageIn(answer.body)));
  reply(stream, isLost ? { ...answer, body: EMPTY_MESSAGE } : answer);
}

/** @throws when the call fails, or its caller has given it up */
async function ask(
  far: ClientHttp2Session,
  headers: IncomingHttpHeaders,
  body: Buffer,
  caller: ServerHttp2Stream,
): Promise<Answer> {
  const call = far.request(headers);
  const giveUp = () => call.close(constants.NGHTTP2_CANCEL);
  caller.once('close', giveUp);
  let answered: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  call.on('response', (found) => {
    answered = found;
  });
  call.on('trailers', (found) => {
    trailers = found;
  });
  const closed = once(call, 'close');
  call.end(body);
  try {
    const answer = await bodyOf(call);
    await closed;
    return { headers: answered, body: answer, trailers };
  } finally {
    caller.off('close', giveUp);
  }
}

function reply(stream: ServerHttp2Stream, { headers, body, trailers }: Answer): void {
  if (stream.destroyed) return;
  if (body.length === 0) {
    stream.respond({ ...headers, ...trailers }, { endStream: true });
    return;
  }
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  stream.respond(headers, { waitForTrailers: true });
  stream.end(body);
}

/** A byte that says whether it is compressed and four for its length stand before it. */
function messageIn(body: Buffer): Buffer {
  return body[0] === 1 ? gunzipSync(body.subarray(5)) : body.subarray(5);
}

async function bodyOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
