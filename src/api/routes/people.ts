/** `/v1/people`: who has signed in by OpenID Connect, and who is shut out. */

import { z } from 'zod';
import { type Person, personListSchema, personRequestSchema, personSchema } from '../../contracts/http/person.ts';
import { cursorSchema, pageSizeSchema } from '../../contracts/http/primitives.ts';
import { listPeople, type Person as StoredPerson, setPersonDisabled } from '../../db/decide/people.ts';
import type { Api, ApiContext } from '../context.ts';

export function peopleRoutes(app: Api, { database, oidc }: ApiContext): void {
  app.route({
    method: 'GET',
    url: '/v1/people',
    schema: {
      summary: 'People who have signed in by OpenID Connect; who came last for the first time, first',
      querystring: z.strictObject({ cursor: cursorSchema.optional(), limit: pageSizeSchema }),
      response: { 200: personListSchema },
    },
    async handler(request) {
      const page = await listPeople(database, request.query);
      return { ...page, items: page.items.map(toPerson) };
    },
  });

  for (const [verb, isDisabled, summary] of [
    ['disable', true, 'Shut a person out, at once and with all open sessions; again changes nothing'],
    ['enable', false, 'Let a person sign in again'],
  ] as const) {
    app.route({
      method: 'POST',
      url: `/v1/people/:id/${verb}`,
      config: { problems: [404], bodyOptional: true },
      schema: {
        summary,
        params: z.strictObject({ id: z.uuid({ message: 'must be a UUID' }) }),
        querystring: z.strictObject({}),
        body: personRequestSchema,
        response: { 200: personSchema },
      },
      async handler({ params, body, actor }) {
        return toPerson(await setPersonDisabled(database, { id: params.id, isDisabled, reason: body.reason }, actor));
      },
    });
  }

  const toPerson = (person: StoredPerson): Person => ({
    ...person,
    role: oidc?.roleOf(person) ?? null,
    createdAt: person.createdAt.toISOString(),
    lastSignedInAt: person.lastSignedInAt.toISOString(),
    disabledAt: person.disabledAt?.toISOString() ?? null,
  });
}
