/** Who is served first: a kill by somebody who was let in before. All else begins a few a turn of the event loop, in the order it came. */

import type { IncomingMessage, RequestListener } from 'node:http';
import { bearerToken } from './auth.ts';
import type { Credentials } from './credentials.ts';
import type { FairQueue } from './fair-queue.ts';

/** Serves requests in turns, so that whatever is asked for, and however often, leaves time for a kill. */
export function inTurns(serve: RequestListener, turns: FairQueue, credentials: Credentials): RequestListener {
  return (request, response) => {
    if (isKill(request) && showsWhatWasRight(request, credentials)) serve(request, response);
    else turns.next(() => serve(request, response));
  };
}

function isKill({ method, url }: IncomingMessage): boolean {
  return method === 'POST' && url === '/v1/control/kill';
}

/** Whether a call shows a token or cookie that is, or was a while ago, one of ours. Nobody is asked; the answer is no permission. */
function showsWhatWasRight({ headers }: IncomingMessage, credentials: Credentials): boolean {
  const token = bearerToken(headers.authorization) ?? SESSION.exec(headers.cookie ?? '')?.[1];
  return token !== undefined && (credentials.ofEnvironment(token) !== undefined || credentials.wasRight(token));
}

const SESSION = /(?:^|; *)(?:__Host-)?aol_session=([A-Za-z0-9_-]{43})(?:;|$)/;
