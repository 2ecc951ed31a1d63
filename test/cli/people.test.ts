/** `aol people` and `aol sessions`: who is signed in, and who is shut out. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { personListSchema } from '../../src/contracts/http/person.ts';
import { sessionListSchema } from '../../src/contracts/http/session.ts';
import { createTestCli, type TestCli } from '../support/cli.ts';
import { cookieOf, createOidcScene, type OidcScene, signInAs } from '../support/signing-in.ts';

let scene: OidcScene;
let cli: TestCli;
beforeAll(async () => {
  scene = await createOidcScene();
  cli = createTestCli({ AOL_API_PORT: new URL(scene.api.url).port });
});
afterAll(async () => {
  cli.close();
  await scene.close();
});

test('a person is listed with role and groups, shut out by name, and let in again', async () => {
  scene.issuer.people.set('anna', { preferred_username: 'anna', groups: ['approvers'] });
  const { visitor } = await signInAs(scene, 'anna');
  const isIn = async () =>
    (await scene.api.call({ url: '/v1/session', headers: cookieOf(visitor, scene) })).statusCode === 200;
  expect((await cli.run(['people', 'list'])).out).toMatch(/@anna +approver +approvers +may sign in/);
  expect(personListSchema.parse((await cli.run(['people', 'list', '--json'])).json()).items).toHaveLength(1);
  const disabled = await cli.run(['people', 'disable', '@anna', '--reason', 'left']);
  expect(disabled).toMatchObject({ exitCode: 0, out: '@anna is shut out' });
  expect(await isIn()).toBe(false);
  expect((await cli.run(['people', 'list'])).out).toContain('shut out by admin');
  expect(await cli.run(['people', 'enable', '@anna'])).toMatchObject({ exitCode: 0, out: '@anna may sign in again' });
  expect(await cli.run(['people', 'disable', 'anna'])).toMatchObject({
    exitCode: 2,
    talk: expect.stringContaining('there is no person anna'),
  });
});

test('sessions are listed with who, from where and with what, and ended by id', async () => {
  scene.issuer.people.set('otto', { preferred_username: 'otto', groups: ['ops'] });
  const { visitor } = await signInAs(scene, 'otto');
  expect((await cli.run(['sessions', 'list'])).out).toMatch(/@otto +operator .* 127\.0\.0\.1 +Visitor\/1/);
  const { items } = sessionListSchema.parse((await cli.run(['sessions', 'list', '--json'])).json());
  const id = items.find(({ actor }) => actor === '@otto')?.id ?? '';
  expect(await cli.run(['sessions', 'end', id])).toMatchObject({ exitCode: 0, out: `session ${id} has ended` });
  const answer = await scene.api.call({ url: '/v1/session', headers: cookieOf(visitor, scene) });
  expect(answer.statusCode).toBe(401);
  // With another token than an admin's one sees what was begun with that.
  const env = { AOL_ADMIN_TOKEN: '', AOL_TOKEN: 'test-viewer-token-0123456789abcdef01', AOL_API_URL: scene.api.url };
  expect(sessionListSchema.parse((await cli.run(['sessions', 'list', '--json'], { env })).json()).items).toEqual([]);
});
