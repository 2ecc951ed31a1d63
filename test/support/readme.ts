/** The commands that the README and the tutorials tell a newcomer to type. Tests type them. */

import { readFileSync } from 'node:fs';
import { commandsIn } from './markdown.ts';

/** Those of the README, in order, as they stand there; `ID` is to be replaced by what the one before answered. */
export function readmeCommands(): string[] {
  return commandsIn(page('README.md'));
}

/** @param name `first-quarter-hour` */
export function tutorialCommands(name: string): string[] {
  return commandsIn(page(`docs/tutorials/${name}.md`));
}

function page(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}
