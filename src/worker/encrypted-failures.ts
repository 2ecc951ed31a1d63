/** Keeps what activities throw out of histories as plain text: messages and stack traces are encrypted like payloads. */

import { DefaultFailureConverter, defaultPayloadConverter, TemporalFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/** Puts message and trace where the codec reaches them; whoever decodes the failure gets them back. */
const converter = new DefaultFailureConverter({ encodeCommonAttributes: true });

/**
 * For workers with a codec that encrypts. The SDK takes a failure converter by the path of a CommonJS file only; a failure
 * that an error already carries it uses as it is.
 */
export const hideFailures: ActivityInterceptorsFactory = () => ({
  inbound: {
    async execute(input, next) {
      try {
        return await next(input);
      } catch (error) {
        if (error instanceof TemporalFailure)
          error.failure ??= converter.errorToFailure(error, defaultPayloadConverter);
        throw error;
      }
    },
  },
});
