/** `/v1/session/oidc`: browsers go to the issuer and come back. Whatever happens there, they end on a page of the dashboard. */

import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { SIGN_IN_PARAMETER, type SignInRefusal } from '../../contracts/http/session.ts';
import { admitPerson } from '../../db/decide/people.ts';
import { NotFoundError, UnavailableError } from '../../domain/errors.ts';
import { clearSignInCookie, setSignInCookie, signInCookie } from '../access/cookies.ts';
import { CALLBACK_PATH, type Oidc, wantedAddress } from '../access/oidc.ts';
import { beginSession } from '../access/sign-in.ts';
import type { Api, ApiContext } from '../context.ts';

export const BEGIN_PATH = '/v1/session/oidc';
export const SIGN_OUT_PATH = '/v1/session/oidc/sign-out';
const SEE_OTHER = 303;
const redirects = { response: { [SEE_OTHER]: z.null() } } as const;

export function oidcRoutes(app: Api, context: ApiContext): void {
  app.route({
    method: 'GET',
    url: BEGIN_PATH,
    config: { problems: [404] },
    exposeHeadRoute: false,
    schema: {
      summary: 'Sign in by OpenID Connect: a browser is sent to the issuer',
      querystring: z.strictObject({ to: z.string().max(2_000).optional() }),
      ...redirects,
    },
    async handler(request, reply) {
      const oidc = required(context);
      return await endingOnPage({ request, reply, oidc }, async () => {
        const { url, cookie } = await oidc.begin(request.query.to);
        setSignInCookie(reply, cookie, context);
        return url;
      });
    },
  });

  app.route({
    method: 'GET',
    url: CALLBACK_PATH,
    config: { problems: [404], queryIsSecret: true },
    exposeHeadRoute: false,
    schema: {
      summary: 'The issuer sends a browser back; it gets a session if it is the one that began',
      // What the issuer adds is read by the library that knows the protocol.
      querystring: z.looseObject({}),
      ...redirects,
    },
    async handler(request, reply) {
      const oidc = required(context);
      const cookie = signInCookie(request, context);
      clearSignInCookie(reply, context);
      return await endingOnPage({ request, reply, oidc }, async () => {
        const came = await oidc.finish(new URL(request.url, oidc.publicUrl).search, cookie);
        if (came.kind === 'refused') {
          request.log.warn({ reason: came.detail }, 'a sign-in by OpenID Connect failed');
          return await refuse(came.why, 'anonymous', { request, oidc });
        }
        const admission = await admitPerson(context.database, { ...came, issuer: oidc.issuer });
        const { name } = admission;
        if (admission.kind === 'refused') return await refuse(admission.why, name, { request, oidc });
        await beginSession({ request, reply, actor: name, owner: { personId: admission.id } }, context);
        return oidc.publicUrl + wantedAddress(cookie);
      });
    },
  });

  app.route({
    method: 'GET',
    url: SIGN_OUT_PATH,
    config: { problems: [404] },
    exposeHeadRoute: false,
    schema: {
      summary: 'A browser is sent to the issuer to sign out there',
      querystring: z.strictObject({}),
      ...redirects,
    },
    async handler(request, reply) {
      const oidc = required(context);
      const url = await oidc.signOutUrl().catch((error: unknown) => {
        if (!(error instanceof UnavailableError)) throw error;
        request.log.warn({ reason: error.message }, 'a person signed out of AOL, and could not at the issuer');
      });
      return reply.redirect(url ?? pageSaying('signed_in_there', oidc), SEE_OTHER);
    },
  });

  /** Where a browser goes that gets no session; the audit knows of it. */
  const refuse = async (
    why: SignInRefusal,
    actor: string,
    { request, oidc }: { readonly request: FastifyRequest; readonly oidc: Oidc },
  ) => {
    const { ip: address, method } = request;
    context.audit.refused({ status: 403, actor, address, method, route: CALLBACK_PATH });
    await context.limits.countWrongToken(request);
    return pageSaying(why, oidc);
  };
}

/** @throws NotFoundError */
function required({ oidc }: ApiContext): Oidc {
  if (!oidc) throw new NotFoundError('people do not sign in by OpenID Connect here: AOL_OIDC_ISSUER is unset');
  return oidc;
}

interface Visit {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly oidc: Oidc;
}

/** Sends the browser where `work` says, or to the page that says which server is away. */
async function endingOnPage({ request, reply, oidc }: Visit, work: () => Promise<string>): Promise<FastifyReply> {
  const url = await work().catch((error: unknown) => {
    if (!(error instanceof UnavailableError)) throw error;
    request.log.warn({ reason: error.message }, 'nobody can sign in by OpenID Connect now');
    return pageSaying(error.dependency === 'issuer' ? 'issuer_away' : 'away', oidc);
  });
  return reply.redirect(url, SEE_OTHER);
}

function pageSaying(why: SignInRefusal, { publicUrl }: Oidc): string {
  return `${publicUrl}/?${SIGN_IN_PARAMETER}=${why}`;
}
