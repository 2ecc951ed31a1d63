/** What can go wrong between an adapter and the engine. */

import { AolError } from '../domain/errors.ts';

/** An adapter threw while rendering, or returned something that is no effect. The action is rejected. */
export class RenderError extends AolError {
  readonly code = 'AOL_RENDER';
}
