/** `GET /v1/actions/{id}/artifact`: the stored effect, exactly the hashed bytes. */

import { z } from 'zod';
import { actionIdSchema } from '../../contracts/http/primitives.ts';
import { ArtifactError, NotFoundError } from '../../domain/errors.ts';
import { sha256Hex } from '../../domain/hashing.ts';
import { findActionInScope } from '../access/scope.ts';
import type { Api, ApiContext } from '../context.ts';
import { rawAnswer } from '../describe/raw-answer.ts';

export function artifactRoutes(app: Api, { database, artifacts }: ApiContext): void {
  app.route({
    method: 'GET',
    url: '/v1/actions/:id/artifact',
    config: { problems: [404, 500] },
    schema: {
      summary: 'What would be sent or was sent, exactly the bytes that were hashed',
      params: z.strictObject({ id: actionIdSchema }),
      querystring: z.strictObject({}),
      response: { 200: rawAnswer('The effect as it was stored', 'application/json', 'object') },
    },
    async handler(request, reply) {
      const {
        id,
        status,
        artifact_uri: uri,
        artifact_sha256: sha256,
      } = await findActionInScope(database, request.params.id, request.scope);
      if (uri === null || sha256 === null) throw new NotFoundError(`action ${id} has no artifact: it is ${status}`);
      const bytes = await artifacts.get(uri);
      if (sha256Hex(bytes) !== sha256) throw new ArtifactError(`the bytes of ${uri} do not have the SHA-256 ${sha256}`);
      reply.headers({ 'content-type': 'application/json', etag: `"${sha256}"`, 'x-content-sha256': sha256 });
      return reply.send(Buffer.from(bytes));
    },
  });
}
