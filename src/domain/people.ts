/** People who sign in by OpenID Connect: the role that their groups give them, and the name that they have in rows and logs. */

import type { Role } from './roles.ts';

/** What a group may give. Each role has every right of those before it. `agent` is missing: an agent is a program. */
export const PERSON_ROLES = ['viewer', 'approver', 'operator', 'admin'] as const satisfies readonly Role[];
export type PersonRole = (typeof PERSON_ROLES)[number];

export interface GroupRole {
  readonly group: string;
  readonly role: PersonRole;
}

/** Reads `approvers=approver,ops=operator`; in the name of a group a comma is `%2C`. Undefined where it is malformed. */
export function parseGroupRoles(text: string): readonly GroupRole[] | undefined {
  const parsed = text.split(',').map(parseGroupRole);
  const groupRoles = parsed.filter((one) => one !== undefined);
  const groups = new Set(groupRoles.map(({ group }) => group));
  return groups.size === parsed.length ? groupRoles : undefined;
}

/** The name of a directory's group may hold `=`, a role never does. */
function parseGroupRole(text: string): GroupRole | undefined {
  const [, written = '', word] = /^\s*(\S.*?)\s*=\s*([a-z]+)\s*$/u.exec(text) ?? [];
  const role = PERSON_ROLES.find((one) => one === word);
  const group = decoded(written);
  return role && group ? { group, role } : undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The role with the most rights of those that the groups give; undefined when they give none. */
export function roleOfGroups(groups: readonly string[], groupRoles: readonly GroupRole[]): PersonRole | undefined {
  const roles = groupRoles.filter(({ group }) => groups.includes(group)).map(({ role }) => role);
  return PERSON_ROLES.findLast((role) => roles.includes(role));
}

const MAX_NAME_LENGTH = 90;
const PLAIN = /^[a-z0-9][a-z0-9._+-]*$/u;
const ADDRESS = /^[a-z0-9._+-]+@[a-z0-9.-]+$/u;

/**
 * The name of a person: an address as it is, a plain name with an `@` before it. So it always holds an `@`, which the name of a
 * token never does.
 *
 * @param candidates the first that is short and holds only letters, digits and `._+-@` counts
 */
export function personName(candidates: readonly (string | undefined)[]): string {
  for (const candidate of candidates) {
    const text = candidate?.trim().toLowerCase() ?? '';
    if (text.length > MAX_NAME_LENGTH) continue;
    if (ADDRESS.test(text)) return text;
    if (PLAIN.test(text)) return `@${text}`;
  }
  return '@person';
}
