/** What was typed, checked where it can still be told: Node has replaced by then what is not UTF-8. */

import { readFileSync } from 'node:fs';
import process from 'node:process';
import { Failure } from './ensure.mjs';

const USAGE_STATUS = 2;

/** Only Linux hands the bytes out. Elsewhere what is not UTF-8 arrives as U+FFFD. */
export function assertArgumentsAreUtf8() {
  if (!process.argv.some((argument) => argument.includes('\ufffd'))) {
    return;
  }
  let bytes;
  try {
    bytes = readFileSync('/proc/self/cmdline');
  } catch {
    return;
  }
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Failure('the command line is not UTF-8; nothing was done', USAGE_STATUS);
  }
}
