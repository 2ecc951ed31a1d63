import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig';
import { ConfigurationError, errorText } from '../domain/errors.ts';

/** What `Connection.connect` and `NativeConnection.connect` take. */
export type TemporalConnectionOptions = ClientConnectConfig['connectionOptions'];

/** How to reach Temporal. Without an address `aol up` starts a dev server. */
export interface TemporalConfig {
  readonly address: string | undefined;
  readonly namespace: string;
  readonly connection: TemporalConnectionOptions;
}

/**
 * Reads Temporal's own variables and profiles, exactly as its other tools do.
 *
 * @param env the environment without its empty values
 */
export function loadTemporalConfig(env: Record<string, string>): TemporalConfig {
  try {
    const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars: env });
    return { address: connectionOptions.address, namespace: namespace ?? 'default', connection: connectionOptions };
  } catch (thrown) {
    throw new ConfigurationError(culprit(env, thrown), errorText(thrown), { cause: thrown });
  }
}

/** Which variable the error is about: the one whose file cannot be read, else the profile, else the file of profiles. */
function culprit(env: Record<string, string>, thrown: unknown): string {
  const message = errorText(thrown);
  const named = Object.entries(env).find(
    ([name, value]) => name.startsWith('TEMPORAL_') && name.endsWith('_PATH') && message.includes(value),
  );
  if (named !== undefined) {
    return named[0];
  }
  return message.startsWith('Profile ') ? 'TEMPORAL_PROFILE' : 'TEMPORAL_CONFIG_FILE';
}
