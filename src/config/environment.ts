import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import process from 'node:process';

/** The process's own environment; read nowhere else. */
export type ProcessEnvironment = Readonly<Record<string, string | undefined>>;

export function processEnvironment(): ProcessEnvironment {
  // biome-ignore lint/style/noProcessEnv: this folder is the one reader of the environment
  return process.env;
}

/** The environment that a child process gets: ours, with `overrides` on top. */
export function childEnvironment(overrides: ProcessEnvironment = {}): Record<string, string> {
  return withoutUnset({ ...processEnvironment(), ...overrides });
}

/** What programs need to run at all. */
const OF_THE_MACHINE =
  /^(?:HOME|LANG|LC_.*|PATH|SystemRoot|TEMP|TMP|TMPDIR|TZ|USER|USERPROFILE|XDG_.*|GO.*|npm_config_.*)$/i;

/** The environment of a child that must know nothing of this installation: the machine's variables, and these settings. */
export function bareEnvironment(settings: Readonly<Record<string, string>>): Record<string, string> {
  const machine = Object.entries(withoutUnset(processEnvironment())).filter(([name]) => OF_THE_MACHINE.test(name));
  return { ...Object.fromEntries(machine), ...settings };
}

/** Drops what is unset; with `emptyToo`, also what is empty: an empty string counts as unset. */
export function withoutUnset(env: ProcessEnvironment, emptyToo = false): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !(emptyToo && value === '')) {
      kept[name] = value;
    }
  }
  return kept;
}

/** Where downloaded and built server binaries are kept for all projects of this user. */
export function userCacheDir(env: ProcessEnvironment): string {
  return userDir(env, env.XDG_CACHE_HOME, '.cache');
}

/** Where this user's settings lie. */
export function userConfigDir(env: ProcessEnvironment): string {
  return userDir(env, env.XDG_CONFIG_HOME, '.config');
}

function userDir(env: ProcessEnvironment, xdg: string | undefined, name: string): string {
  const home = env.HOME === undefined || env.HOME === '' ? homedir() : env.HOME;
  return join(xdg !== undefined && isAbsolute(xdg) ? xdg : join(home, name), 'aol');
}
