/** The commands that the README tells a newcomer to type. Tests type them. */

import { readFileSync } from 'node:fs';
import { commandsIn } from './markdown.ts';

/** Those of the first screen, in order, as they stand there; `ID` is to be replaced by what the one before answered. */
export function readmeCommands(): string[] {
  const [firstScreen = ''] = parts();
  return commandsIn(firstScreen);
}

/** Those of the section on mail. */
export function readmeMailCommands(): string[] {
  return commandsIn(parts().find((part) => part.startsWith('Send a mail\n')) ?? '');
}

function parts(): string[] {
  return readFileSync(new URL('../../README.md', import.meta.url), 'utf8').split(/^## /m);
}
