/** What a check learned of an instance. */

import { z } from 'zod';
import type { JsonObject } from '../../../contracts/http/json.ts';

const number = z.number().positive().optional().catch(undefined);
const text = z.string().optional().catch(undefined);

const factsSchema = z.object({
  /** The account's id there. */
  accountId: text,
  /** `mastodon`, by the instance's NodeInfo. */
  software: text,
  version: text,
  maxCharacters: number,
  maxAttachments: number,
  imageBytes: number,
  altCharacters: number,
  mediaTypes: z.array(z.string()).optional().catch(undefined),
});
export type MastodonFacts = z.output<typeof factsSchema>;

export function factsOf(facts: JsonObject): MastodonFacts {
  return factsSchema.parse(facts);
}

const instanceSchema = z
  .object({
    version: text,
    configuration: z
      .object({
        statuses: z.object({ max_characters: number, max_media_attachments: number }).optional().catch(undefined),
        media_attachments: z
          .object({
            supported_mime_types: z.array(z.string()).optional().catch(undefined),
            image_size_limit: number,
            description_limit: number,
          })
          .optional()
          .catch(undefined),
      })
      .optional()
      .catch(undefined),
  })
  .catch({});
const nodeInfoSchema = z.object({ software: z.object({ name: text }) });

/** The public part of an instance's limits, without what it does not tell. */
export function instanceFacts(instance: JsonObject | undefined, nodeInfo: JsonObject | undefined): JsonObject {
  const { version, configuration } = instanceSchema.parse(instance ?? {});
  const { statuses, media_attachments: media } = configuration ?? {};
  const software = nodeInfoSchema.safeParse(nodeInfo).data?.software.name?.toLowerCase();
  return {
    ...(software !== undefined && { software }),
    ...(version !== undefined && { version }),
    ...(statuses?.max_characters !== undefined && { maxCharacters: statuses.max_characters }),
    ...(statuses?.max_media_attachments !== undefined && { maxAttachments: statuses.max_media_attachments }),
    ...(media?.image_size_limit !== undefined && { imageBytes: media.image_size_limit }),
    ...(media?.description_limit !== undefined && { altCharacters: media.description_limit }),
    ...(media?.supported_mime_types !== undefined && { mediaTypes: media.supported_mime_types }),
  };
}
