export { type Kept, keepRunning } from './keep.ts';
export { acquireLock, type DataDirLock } from './lock.ts';
export { assertPortFree, freePort } from './ports.ts';
export { type PostgresServer, startPostgres } from './postgres.ts';
export { assertPostgresReachable, assertTemporalReachable } from './reach.ts';
export { describeExit, type Exit, type LocalServer, type Log } from './server.ts';
export { startTemporal, type TemporalServer } from './temporal.ts';
export { findTemporalBinary } from './temporal-binary.ts';
