/**
 * What other projects import from `aol`. Importing starts nothing and reads no environment variable.
 */

export { defineAdapter } from './adapters/port.ts';
export { createApi } from './api/app.ts';
export { AolClient } from './contracts/client.ts';
export { createWorker } from './worker/create-worker.ts';
