import { z } from 'zod';

const watchedSchema = z.object({
  pid: z.int().positive(),
  /** What tells it from a later process of the same number. */
  started: z.string().optional(),
  /** Signals that stop it, in turn, each with the time it gets. None: it ends by itself, and leads a process group. */
  stopWith: z.array(z.tuple([z.enum(['SIGINT', 'SIGTERM', 'SIGQUIT']), z.number()])),
});

export type Watched = Readonly<z.output<typeof watchedSchema>>;

export const reaperMessageSchema = z.union([
  watchedSchema,
  z.object({ gone: z.int().positive() }),
  z.object({ temporaryFolder: z.string().min(1) }),
]);
export type ReaperMessage = Readonly<z.output<typeof reaperMessageSchema>>;
