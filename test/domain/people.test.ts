import { describe, expect, test } from '@jest/globals';
import { PERSON_ROLES, parseGroupRoles, personName, roleOfGroups } from '../../src/domain/people.ts';
import { hasRight, RIGHT_NAMES } from '../../src/domain/roles.ts';

describe('AOL_OIDC_ROLES', () => {
  test.each([
    ['approvers=approver', [{ group: 'approvers', role: 'approver' }]],
    [
      ' approvers = approver , ops=operator',
      [
        { group: 'approvers', role: 'approver' },
        { group: 'ops', role: 'operator' },
      ],
    ],
    ['/brand/ops=admin', [{ group: '/brand/ops', role: 'admin' }]],
    ['cn=ops%2Cou=groups=operator', [{ group: 'cn=ops,ou=groups', role: 'operator' }]],
    ['night shift=viewer', [{ group: 'night shift', role: 'viewer' }]],
  ])('%s', (text, expected) => {
    expect(parseGroupRoles(text)).toEqual(expected);
  });

  test.each([
    '',
    'ops',
    'ops=',
    '=operator',
    'ops=agent',
    'ops=Operator',
    'ops=operator,',
    'a=viewer,a=admin',
    '%zz=viewer',
  ])('%j is refused', (text) => {
    expect(parseGroupRoles(text)).toBeUndefined();
  });
});

test('each role of people has every right of those before it, so that the last one is the one with the most', () => {
  const rights = PERSON_ROLES.map((role) => RIGHT_NAMES.filter((right) => hasRight(role, right)));
  for (const [place, own] of rights.entries()) expect(own).toEqual(expect.arrayContaining(rights[place - 1] ?? []));
  const groupRoles = PERSON_ROLES.map((role) => ({ group: `the ${role}s`, role }));
  expect(roleOfGroups(['the admins', 'the viewers'], groupRoles)).toBe('admin');
  expect(roleOfGroups(['the viewers', 'others'], groupRoles)).toBe('viewer');
  expect(roleOfGroups(['The viewers', 'others'], groupRoles)).toBeUndefined();
});

test.each([
  [['Anna'], '@anna'],
  [['anna@example.com'], 'anna@example.com'],
  [[undefined, 'anna@example.com'], 'anna@example.com'],
  [['Änne', 'a.nne@example.com'], 'a.nne@example.com'],
  [['a b'], '@person'],
  [['@'], '@person'],
  [['a#2'], '@person'],
  [['x'.repeat(91)], '@person'],
  [[], '@person'],
])('the name of %j is %s', (candidates, name) => {
  expect(personName(candidates)).toBe(name);
});
