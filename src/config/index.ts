export { type Config, loadConfig } from './config.ts';
export { prepareDataDir } from './data-dir.ts';
export { describeConfig, maskPassword } from './describe.ts';
export { childEnvironment } from './environment.ts';
export type { TemporalConfig, TemporalConnectionOptions } from './temporal.ts';
export { findTokens, resolveTokens, type Tokens } from './tokens.ts';
