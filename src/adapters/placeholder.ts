/** Fields of a request that are filled in at sending: what stands for them in the artifact. */

import type { JsonValue } from '../contracts/http/json.ts';
import type { HttpRequest } from './port.ts';

const PLACEHOLDER = /<added at sending: [^<>]{1,80}>/u;

/** Stands for a value that only sending knows: `<added at sending: authorization>`. */
export function addedAtSending(name: string): string {
  return `<added at sending: ${name}>`;
}

/** Whether the path (`headers.authorization`, `body.record.reply.root.cid`) names a text that holds a placeholder. */
export function holdsPlaceholder(request: HttpRequest, path: string): boolean {
  let value: JsonValue | undefined = { ...request };
  for (const name of path.split('.')) value = memberOf(value, name);
  return typeof value === 'string' && PLACEHOLDER.test(value);
}

function memberOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}
