/** Which pictures each platform takes. */

import type { FieldProblem } from '../../domain/errors.ts';
import type { PostSocial } from './post-social.ts';
import type { SocialPlatform } from './post-social-length.ts';

/** A stored file, as far as these rules are concerned. */
export interface PostFile {
  readonly mediaType: string;
  readonly byteCount: number;
  /** In pixels. */
  readonly width?: number | null | undefined;
  readonly height?: number | null | undefined;
}

interface FileRule {
  readonly mediaTypes: readonly string[];
  readonly maxBytes: number;
  /** Of types that may be larger. */
  readonly maxBytesOf?: Readonly<Record<string, number>>;
}

const PICTURES = ['image/png', 'image/jpeg', 'image/webp', 'image/gif'];

export const FILE_RULES: Readonly<Record<SocialPlatform, FileRule>> = {
  x: { mediaTypes: PICTURES, maxBytes: 5_000_000, maxBytesOf: { 'image/gif': 15_000_000 } },
  bluesky: { mediaTypes: PICTURES, maxBytes: 2_000_000 },
  mastodon: { mediaTypes: PICTURES, maxBytes: 16_777_216 },
  linkedin: { mediaTypes: ['image/png', 'image/jpeg', 'image/gif'], maxBytes: 5_242_880 },
};

/** Of the picture in the card of a link, on Bluesky. */
const MAX_CARD_BYTES = 1_000_000;

/** How many bytes a file of this type may have. */
export function maxFileBytes(platform: SocialPlatform, mediaType: string): number {
  const { maxBytes, maxBytesOf = {} } = FILE_RULES[platform];
  return maxBytesOf[mediaType] ?? maxBytes;
}

/** What is wrong with the pictures of a post, as its platform sees them. What is not in `files` is somebody else's to say. */
export function postFileProblems(
  { platform, media = [], card }: PostSocial,
  files: ReadonlyMap<string, PostFile>,
): readonly FieldProblem[] {
  const { mediaTypes } = FILE_RULES[platform];
  return media.flatMap(({ sha256 }, index) => {
    const file = files.get(sha256);
    const field = `payload.media.${index}.sha256`;
    if (!file) return [];
    if (!mediaTypes.includes(file.mediaType)) {
      return [{ field, rule: `must be ${mediaTypes.join(' or ')} for ${platform}, and is ${file.mediaType}` }];
    }
    const maxBytes = card === undefined ? maxFileBytes(platform, file.mediaType) : MAX_CARD_BYTES;
    if (file.byteCount > maxBytes) {
      return [{ field, rule: `must have at most ${maxBytes} bytes for ${platform}, and has ${file.byteCount}` }];
    }
    return [];
  });
}
