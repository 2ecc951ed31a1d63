/**
 * What other projects import from `aol`. Importing starts nothing and reads no environment variable. It needs Node 22.12, and
 * says so under an older one; `aol/client` needs Node 20.3.
 */

import './node-version.ts';

export type { AnyAdapter, Effect, PerformContext, RegisteredAdapter, RenderContext } from './adapters/index.ts';
export { type Adapter, defineAdapter, jsonBodyOf, jsonEffect } from './adapters/port.ts';
export { defineProvider, type Provider, secretReferenceSchema } from './adapters/provider.ts';
export { type ApiOptions, createApi } from './api/app.ts';
export { openPorts, type PortSettings } from './api/ports.ts';
export { startServer } from './api/server.ts';
export { type ArtifactStore, createArtifactStore } from './artifacts/index.ts';
export { AolApiError, AolClient, AolUnreachableError } from './client/index.ts';
export { type ActionContract, builtInContracts, describeContract } from './contracts/payloads/index.ts';
export { migrate } from './db/keep/migrate.ts';
export { AolError } from './domain/errors.ts';
export { type AolWorker, type CreateWorkerOptions, createWorker } from './worker/create-worker.ts';
