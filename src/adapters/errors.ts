/** What can go wrong between an adapter and the engine. */

import { AolError } from '../domain/errors.ts';

/** An adapter threw while rendering, or returned something that is no effect. The action is rejected. */
export class RenderError extends AolError {
  readonly code = 'AOL_RENDER';
}

/** A request needs what one of its preparations was to leave, and has not. */
export class MissingResultError extends AolError {
  readonly code = 'AOL_RENDER';
}
