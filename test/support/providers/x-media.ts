/** X's uploads: one request for a small picture, or initialize, append, finalize and asking until it is processed. */

import { z } from 'zod';
import { type Call, Refusal, type Route } from './fake.ts';
import type { Answer } from './server.ts';
import type { Clock } from './time.ts';

const DAY_MS = 24 * 3_600_000;
const IMAGE_LIMIT = 5_000_000;

export interface XMediaFile {
  readonly id: string;
  readonly bytes: Buffer;
  readonly category: string;
  readonly altText: string | undefined;
}

export interface XMedia {
  readonly routes: Readonly<Record<string, Route>>;
  /** Whether a post may have it: it is processed, and was uploaded within the last day. */
  isReady(id: string): boolean;
  files(): readonly XMediaFile[];
  /** What is finalized from now on says this often that it is not ready. */
  processSlowly(times: number): void;
}

interface Upload {
  bytes: Buffer;
  category: string;
  totalBytes: number;
  state: 'open' | 'pending' | 'succeeded';
  asksLeft: number;
  altText?: string;
  untilMs: number;
}

const jsonUpload = z.object({ media: z.base64(), media_category: z.string() });
const initialize = z.object({ media_type: z.string(), total_bytes: z.int(), media_category: z.string() });
const metadata = z.object({
  id: z.string(),
  metadata: z.object({ alt_text: z.object({ text: z.string().max(1000) }) }),
});

interface Options {
  readonly clock: Clock;
  readonly authorize: (call: Call) => void;
  readonly nextId: () => string;
}

export function createXMedia({ clock, authorize, nextId }: Options): XMedia {
  const uploads = new Map<string, Upload>();
  let slowness = 0;

  const begin = (upload: Omit<Upload, 'asksLeft' | 'untilMs'>): string => {
    const id = nextId();
    uploads.set(id, { ...upload, asksLeft: slowness, untilMs: clock.nowMs() + DAY_MS });
    return id;
  };
  const find = (id: string | undefined): Upload => {
    const upload = id === undefined ? undefined : uploads.get(id);
    if (upload === undefined || upload.untilMs < clock.nowMs()) throw new Refusal(refused('the media id is not known'));
    return upload;
  };
  const described = (id: string, upload: Upload): Answer => {
    const state = upload.state === 'pending' ? { processing_info: { state: 'pending', check_after_secs: 1 } } : {};
    const done = upload.state === 'succeeded' && upload.category !== 'tweet_image';
    const info = done ? { processing_info: { state: 'succeeded', progress_percent: 100 } } : state;
    const expires = Math.floor((upload.untilMs - clock.nowMs()) / 1000);
    return { status: 200, body: { data: { id, media_key: `3_${id}`, expires_after_secs: expires, ...info } } };
  };

  const authorized =
    (route: Route): Route =>
    (call) => {
      authorize(call);
      return route(call);
    };

  const routes: Record<string, Route> = {
    async 'POST /2/media/upload'(call) {
      const { bytes, category } = await wholeUpload(call);
      if (bytes.length === 0 || bytes.length > IMAGE_LIMIT) throw new Refusal(refused('the file has a wrong size'));
      const id = begin({ bytes, category, totalBytes: bytes.length, state: 'succeeded' });
      return described(id, find(id));
    },
    'POST /2/media/upload/initialize'(call) {
      const body = call.json(initialize);
      const begun = { bytes: Buffer.alloc(0), category: body.media_category, totalBytes: body.total_bytes };
      const id = begin({ ...begun, state: 'open' });
      return described(id, find(id));
    },
    async 'POST /2/media/upload/{}/append'(call) {
      const upload = find(call.parts[0]);
      const form = await call.multipart();
      upload.bytes = Buffer.concat([upload.bytes, await bytesOf(form.get('media'))]);
      return { status: 200, body: { data: { expires_at: Math.floor(upload.untilMs / 1000) } } };
    },
    'POST /2/media/upload/{}/finalize'(call) {
      const upload = find(call.parts[0]);
      if (upload.bytes.length !== upload.totalBytes) throw new Refusal(refused('the segments do not add up'));
      upload.state = upload.asksLeft > 0 ? 'pending' : 'succeeded';
      return described(call.parts[0] ?? '', upload);
    },
    'GET /2/media/upload'(call) {
      const id = call.url.searchParams.get('media_id') ?? '';
      const upload = find(id);
      if (upload.state === 'pending' && upload.asksLeft-- <= 0) upload.state = 'succeeded';
      return described(id, upload);
    },
    'POST /2/media/metadata'(call) {
      const body = call.json(metadata);
      find(body.id).altText = body.metadata.alt_text.text;
      return { status: 200, body: { data: { id: body.id } } };
    },
  };

  return {
    routes: Object.fromEntries(Object.entries(routes).map(([route, take]) => [route, authorized(take)])),
    isReady(id) {
      const upload = uploads.get(id);
      return upload?.state === 'succeeded' && upload.untilMs > clock.nowMs();
    },
    files: () => [...uploads].map(([id, { bytes, category, altText }]) => ({ id, bytes, category, altText })),
    processSlowly: (times) => {
      slowness = times;
    },
  };
}

async function wholeUpload(call: Call): Promise<{ bytes: Buffer; category: string }> {
  if (!call.header('content-type')?.startsWith('multipart/form-data')) {
    const body = call.json(jsonUpload);
    return { bytes: Buffer.from(body.media, 'base64'), category: body.media_category };
  }
  const form = await call.multipart();
  return { bytes: await bytesOf(form.get('media')), category: String(form.get('media_category')) };
}

async function bytesOf(part: FormDataEntryValue | null): Promise<Buffer> {
  if (part === null || typeof part === 'string') throw new Refusal(refused('there is no file in `media`'));
  return Buffer.from(await part.arrayBuffer());
}

function refused(reason: string): Answer {
  return { status: 400, body: { errors: [{ message: reason }], title: 'Invalid Request', detail: reason } };
}
