export { type AccountSettings, loadAccountSettings } from './accounts.ts';
export { type Config, loadConfig } from './config.ts';
export { maskPassword } from './database-url.ts';
export { bareEnvironment, childEnvironment } from './environment.ts';
export type { TemporalConfig, TemporalConnectionOptions } from './temporal.ts';
