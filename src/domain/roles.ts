/** Who may do what. Roles are no ladder: an agent queues and does not approve, an approver approves and does not queue. */

export const ROLES = ['viewer', 'agent', 'approver', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Roles that have a token of the environment, or of the data folder. The other roles belong to named tokens. */
export const ENVIRONMENT_ROLES = ['viewer', 'operator', 'admin'] as const satisfies readonly Role[];
export type EnvironmentRole = (typeof ENVIRONMENT_ROLES)[number];

interface RightDefinition {
  /** As in `this needs the right to …`. */
  readonly words: string;
  readonly roles: readonly Role[];
}

export const RIGHT_NAMES = [
  'read',
  'queue',
  'queueUnapproved',
  'cancelOwn',
  'cancelAny',
  'stop',
  'approve',
  'operate',
  'administer',
] as const;
export type Right = (typeof RIGHT_NAMES)[number];

const RIGHTS: Readonly<Record<Right, RightDefinition>> = {
  read: { words: 'read', roles: ROLES },
  queue: { words: 'queue actions', roles: ['agent', 'operator', 'admin'] },
  /** Without it a REAL action awaits approval, whatever the lane's policy is. */
  queueUnapproved: { words: 'queue REAL actions by the rules of the lane', roles: ['operator', 'admin'] },
  cancelOwn: { words: 'cancel actions of one’s own', roles: ['agent', 'operator', 'admin'] },
  cancelAny: { words: 'cancel actions of others', roles: ['operator', 'admin'] },
  stop: { words: 'pause and kill', roles: ['agent', 'approver', 'operator', 'admin'] },
  approve: { words: 'approve, reject, promote, revise and reschedule', roles: ['approver', 'operator', 'admin'] },
  operate: { words: 'resume, start, replay, resolve and lower limits', roles: ['operator', 'admin'] },
  administer: {
    words: 'raise limits, unlock REAL, take over lanes, create lanes and manage tokens and people',
    roles: ['admin'],
  },
};

/** Whether a role has a right. */
export function hasRight(role: Role, right: Right): boolean {
  return rolesWith(right).includes(role);
}

/** The roles that have a right. */
export function rolesWith(right: Right): readonly Role[] {
  return RIGHTS[right].roles;
}

/** Why a role is refused what it asked for. */
export function lacksRight(role: Role, right: Right): string {
  const roles = rolesWith(right);
  const needed = roles.length === 1 ? `the role ${roles[0]}` : `one of the roles ${roles.join(', ')}`;
  return `this needs the right to ${RIGHTS[right].words}: ${needed}; the token's role is ${role}`;
}
