/** The worker's edge: named errors become application failures whose type is the error's code. */

import { ApplicationFailure } from '@temporalio/common';
import { AolError, errorText, UnavailableError } from '../domain/errors.ts';

/** Wraps an activity so that it throws nothing but application failures with cut messages. */
export function translating<Input, Output>(
  activity: (input: Input) => Promise<Output>,
): (input: Input) => Promise<Output> {
  return async (input) => {
    try {
      return await activity(input);
    } catch (error) {
      throw toApplicationFailure(error);
    }
  };
}

/** A server that is away is worth another try; a named error of ours is not; an unknown one may pass. */
export function toApplicationFailure(error: unknown): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  const isOurs = error instanceof AolError;
  return ApplicationFailure.create({
    message: errorText(error),
    type: isOurs ? error.code : 'AOL_INTERNAL',
    nonRetryable: isOurs && !(error instanceof UnavailableError),
  });
}
