/** What adapters read of an account's settings: its provider's schema has checked them, and its type is forgotten. */

import { isObject } from '../contracts/http/json.ts';
import type { RenderAccount } from './port.ts';

/** A setting that is a text; undefined where it is not, and where no account is configured. */
export function settingOf({ settings }: Pick<RenderAccount, 'settings'>, name: string): string | undefined {
  const value = isObject(settings) ? settings[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}
