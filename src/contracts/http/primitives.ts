/** The small schemas that the others are made of. */

import { z } from 'zod';
import { ALL_LANES } from '../../domain/flags.ts';
import {
  DEFAULT_PAGE_SIZE,
  MAX_ATTEMPTS,
  MAX_KEY_LENGTH,
  MAX_LANE_LENGTH,
  MAX_PAGE_SIZE,
  MAX_PRIORITY,
  MAX_SCHEDULE_MS,
  MIN_PRIORITY,
} from '../../domain/limits.ts';
import { ACTION_MODES, ACTION_STATUSES } from '../../domain/states.ts';
import { storableText } from './json.ts';

export const actionIdSchema = z.uuid({ message: 'must be a UUID' }).toLowerCase();

/** Lower-case letters, digits, dot, dash, underscore: a lane's name stands in workflow ids and addresses. */
export const laneNameSchema = z
  .string()
  .max(MAX_LANE_LENGTH)
  .regex(/^[a-z0-9][a-z0-9._-]*$/, {
    message: 'must start with a lower-case letter or digit and hold only those, dot, dash and underscore',
  })
  // Its workflow would have the id of the one that sends notices.
  .refine((lane) => lane !== 'notices', { message: 'must not be notices: AOL uses that name itself' });

/** A lane, or `*` for the defaults of all. */
export const laneOrAllSchema = z.union([z.literal(ALL_LANES), laneNameSchema]);

const UTF8 = new TextEncoder();

/** Keys that we give ourselves: whoever took one before would keep a promotion or a revision from being queued. */
const OWN_KEYS = ['promote:', 'revise:'];

/** Limits are in UTF-8 bytes, because the key is indexed. */
export const idempotencyKeySchema = storableText(1, MAX_KEY_LENGTH)
  .refine((key) => UTF8.encode(key).length <= MAX_KEY_LENGTH, {
    message: `must be at most ${MAX_KEY_LENGTH} bytes of UTF-8`,
  })
  .refine((key) => !OWN_KEYS.some((own) => key.startsWith(own)), {
    message: `must not begin with ${OWN_KEYS.join(' or ')}`,
  });

export const actionTypeSchema = z
  .string()
  .max(100)
  .regex(/^[A-Z][A-Z0-9_]*$/, { message: 'must be upper case, digits and underscores, e.g. POST_SOCIAL' });

export const actionModeSchema = z.enum(ACTION_MODES);
export const actionStatusSchema = z.enum(ACTION_STATUSES);
/** One of the words of today, or one that a newer server knows. */
export type OpenWord<Word extends string> = Word | (string & Record<never, never>);

/** A word of an answer. Whoever reads one lets words pass that are newer than itself. */
export function openWordSchema<const Word extends string>(
  words: readonly Word[],
): z.ZodType<OpenWord<Word>, OpenWord<Word>> {
  return z.union([z.enum(words), z.string()]);
}

export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, { message: 'must be 64 lower-case hexadecimal digits' });
export const prioritySchema = z.int().min(MIN_PRIORITY).max(MAX_PRIORITY);
export const maxAttemptsSchema = z.int().min(1).max(MAX_ATTEMPTS);

/** A date that exists, with a time zone, at most five years ahead. */
export const runAtSchema = z.iso
  .datetime({ offset: true, abort: true, message: 'must be a date and time with a zone, e.g. 2026-12-24T18:00:00Z' })
  .refine((text) => Date.parse(text) >= 0 && Date.parse(text) <= Date.now() + MAX_SCHEDULE_MS, {
    message: 'must lie between 1970 and five years from now',
  });

/** A moment of the past or the future, with a time zone: the end of a range. */
export const instantSchema = z.iso
  .datetime({ offset: true, abort: true, message: 'must be a date and time with a zone, e.g. 2026-12-24T18:00:00Z' })
  .refine((text) => Date.parse(text) >= 0, { message: 'must not lie before 1970' });

/** Times go out as ISO 8601 in UTC. */
export const timeSchema = z.iso.datetime();

export const reasonSchema = storableText(0, 1_000);

/** A number in an address: digits and nothing else, unlike what Number() takes. */
export const pageSizeSchema = z.preprocess(
  (given) => (typeof given === 'string' && /^\d{1,6}$/.test(given) ? Number(given) : given),
  z.int().min(1).max(MAX_PAGE_SIZE).default(DEFAULT_PAGE_SIZE),
);
export const cursorSchema = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[A-Za-z0-9_-]+$/, { message: 'must be a cursor from an earlier answer' });

/** A list as it goes out. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    /** Where the next page begins; null after the last. A page may hold fewer than asked for, even none, and still go on. */
    nextCursor: z.string().nullable(),
    /** How many fit, counted up to 10,000. */
    total: z.int().nonnegative(),
    /** False: there are at least so many. */
    totalIsExact: z.boolean(),
  });
}

/** One of several words, or several of them, separated by commas, in an address: `status=DLQ,UNCONFIRMED`. */
export function commaListOf<const Word extends string>(words: readonly [Word, ...Word[]]) {
  const one = `(?:${words.join('|')})`;
  return z
    .string()
    .regex(new RegExp(`^${one}(?:,${one})*$`), {
      message: `must be one of ${words.join(', ')}, or several of them, separated by commas`,
      // Else rules of the whole query would be asked about a text that was never parted.
      abort: true,
    })
    .transform((text) => [...new Set(text.split(','))])
    .pipe(z.array(z.enum(words)));
}

const MAX_WORDS = 10;

/** Words to look for: each must stand there, in any order. */
export const searchTextSchema = storableText(1, 200).refine((text) => searchWords(text).length <= MAX_WORDS, {
  message: `must be at most ${MAX_WORDS} words`,
});

/** The words of a search, each once. White space alone is looked for as it is. */
export function searchWords(text: string): readonly string[] {
  const words = text.split(/\s+/u).filter((word) => word !== '');
  return words.length === 0 ? [text] : [...new Set(words)];
}

/** The name of an account as `GET /v1/accounts` tells it: `brand-a`, or `bluesky.default`. */
export const accountSearchSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,100}$/u, { message: 'must be the name of an account' });
