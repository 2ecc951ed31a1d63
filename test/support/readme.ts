/** The commands that the README's first screen tells a newcomer to type. The end-to-end test types them. */

import { readFileSync } from 'node:fs';
import { commandsIn } from './markdown.ts';

/** In order, as they stand there; `ID` is to be replaced by what the one before answered. */
export function readmeCommands(): string[] {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const [firstScreen = ''] = readme.split(/^## /m);
  return commandsIn(firstScreen);
}
