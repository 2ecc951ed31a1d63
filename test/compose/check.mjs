#!/usr/bin/env node
// biome-ignore-all lint/style/noProcessEnv: it is told by its environment what to check
/**
 * Checks a stack that `docker compose up` has started: the main job over HTTP, `aol` inside, a worker's restart, and what
 * its processes may not do. Tokens that `.env` names it reads from the
 * environment, others from the API's container; AOL_ENGINE is `docker` or `podman`. Ends with 0
 * when everything is well.
 */

import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import process, { env } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const api = `http://localhost:${env.AOL_API_PORT || 8321}`;
const temporalUi = `http://localhost:${env.AOL_TEMPORAL_UI_PORT || 8233}`;
const engine = env.AOL_ENGINE || ['docker', 'podman'].find((name) => spawnSync(name, ['version']).status === 0);
assert.ok(engine, 'neither docker nor podman is here');
const say = (line) => process.stdout.write(`${line}\n`);
let failed = 0;

async function check(name, work) {
  const started = performance.now();
  try {
    const detail = await work();
    say(`ok    ${name} (${Math.round(performance.now() - started)} ms)${detail ? `: ${detail}` : ''}`);
  } catch (error) {
    failed += 1;
    say(`FAIL  ${name}: ${error?.stack ?? error}`);
  }
}

const execute = promisify(execFile);
const run = async (...args) => (await execute(engine, args)).stdout.trim();
const exec = async (service, ...args) => run('exec', await container(service), ...args);
/** Answers what the script ended with, whatever that is. */
const shell = async (service, script) => {
  try {
    return { status: 0, text: await exec(service, 'sh', '-c', script) };
  } catch (error) {
    if (typeof error.code !== 'number') throw error;
    return { status: error.code, text: error.stderr.trim() };
  }
};

async function container(service) {
  const project = env.COMPOSE_PROJECT_NAME;
  const filters = [`label=com.docker.compose.service=${service}`, 'status=running'];
  if (project) filters.push(`label=com.docker.compose.project=${project}`);
  const listed = await run('ps', '-q', ...filters.flatMap((filter) => ['--filter', filter]));
  const ids = listed.split('\n').filter(Boolean);
  assert.equal(ids.length, 1, `one running container of ${service} (COMPOSE_PROJECT_NAME chooses between stacks)`);
  return ids[0];
}

const made = JSON.parse(await exec('api', 'cat', '/var/lib/aol-api/tokens.json').catch(() => '{}'));
const tokens = {
  operator: env.AOL_OPERATOR_TOKEN || made.operator,
  viewer: env.AOL_VIEWER_TOKEN || made.viewer,
};

async function call(path, { body, token = tokens.operator } = {}) {
  const response = await fetch(`${api}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body && { 'content-type': 'application/json' }),
    },
    body: body && JSON.stringify(body),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, bytes, json: () => JSON.parse(bytes.toString('utf8')) };
}

const enqueue = (content, idempotencyKey) =>
  call('/v1/actions', { body: { type: 'POST_SOCIAL', payload: { platform: 'bluesky', content }, idempotencyKey } });

async function until(what, limitMs, probe) {
  const end = performance.now() + limitMs;
  for (let last; ; await delay(100)) {
    try {
      const value = await probe();
      if (value) return value;
    } catch (error) {
      last = error;
    }
    assert.ok(performance.now() < end, `${what}: not within ${limitMs} ms${last ? ` (${last.message})` : ''}`);
  }
}

const finished = (id) =>
  until(`action ${id} ends`, 30_000, async () => {
    const action = (await call(`/v1/actions/${id}`)).json();
    return action.finishedAt && action;
  });

const key = `compose-${Date.now()}`;
let first;

await check('/readyz answers 200', () =>
  until('/readyz', 120_000, async () => (await call('/readyz', { token: '' })).status === 200).then(() => undefined),
);

await check('POST_SOCIAL becomes SUCCESS in PROOF', async () => {
  const answer = await enqueue('Hello from containers', key);
  assert.equal(answer.status, 201, answer.bytes.toString());
  first = await finished(answer.json().id);
  assert.deepEqual([first.status, first.mode], ['SUCCESS', 'PROOF']);
  return first.id;
});

await check("the artifact's bytes have the recorded SHA-256", async () => {
  const { status, bytes } = await call(`/v1/actions/${first.id}/artifact`);
  assert.equal(status, 200);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  assert.equal(sha256, first.artifactSha256);
  return `${sha256}, ${bytes.length} bytes`;
});

await check('the same key again: 200 and the same id; other content: 409', async () => {
  const again = await enqueue('Hello from containers', key);
  assert.deepEqual([again.status, again.json().id], [200, first.id]);
  assert.equal((await enqueue('Something else', key)).status, 409);
});

await check('no token: 401; a viewer may not queue: 403', async () => {
  assert.equal((await call('/v1/status', { token: '' })).status, 401);
  const body = { type: 'POST_SOCIAL', payload: { platform: 'bluesky', content: 'no' } };
  assert.equal((await call('/v1/actions', { body, token: tokens.viewer })).status, 403);
});

await check("Temporal's web page answers 200 and knows the lane", async () => {
  assert.equal((await fetch(temporalUi)).status, 200);
  const list = await (await fetch(`${temporalUi}/api/v1/namespaces/default/workflows`)).json();
  const ids = list.executions.map(({ execution }) => execution.workflowId);
  assert.ok(ids.includes('aol/default'), `aol/default is among ${ids}`);
});

await check('`aol status` and `aol doctor` work inside the container', async () => {
  const status = JSON.parse(await exec('api', 'aol', 'status', '--json'));
  assert.equal(status.mode, 'PROOF');
  assert.equal(status.workers.count, 1);
  const { checks } = JSON.parse((await shell('api', 'aol doctor --json; true')).text);
  assert.deepEqual(
    checks.filter(({ ok }) => !ok),
    [],
  );
  const verified = await exec('api', 'aol', 'artifacts', 'verify');
  return verified.replaceAll('\n', '; ');
});

await check('`aol whoami` tells the address and a token that works there', async () => {
  const { address, role, token } = JSON.parse(await exec('api', 'aol', 'whoami', '--json'));
  assert.deepEqual([new URL(address).port, role], [new URL(api).port, 'admin']);
  assert.equal((await call('/v1/status', { token })).status, 200);
  return address;
});

await check('the worker sees no token, and no password stands in an environment', async () => {
  assert.notEqual((await shell('worker', 'cat /var/lib/aol/tokens.json /var/lib/aol-api/tokens.json')).status, 0);
  for (const service of ['worker', 'api', 'postgres']) {
    assert.doesNotMatch(await exec(service, 'env'), /POSTGRES_PASSWORD=.|AOL_RUN_PASSWORD=.|:\/\/[^/@]*:[^/@]*@/);
  }
});

await check('`aol run --ticks 2 --proof` works inside the container', async () => {
  const { status, text } = await shell('api', 'aol run --ticks 2 --proof');
  assert.equal(status, 0, `status ${status}: ${text}`);
  return text.replaceAll('\n', '; ');
});

for (const service of ['postgres', 'temporal', 'worker', 'api']) {
  await check(`${service}: not root, no capabilities, no new privileges, read-only root`, async () => {
    const status = await exec(service, 'cat', '/proc/1/status');
    const field = (name) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1];
    const uids = field('Uid').split(/\s+/);
    assert.ok(!uids.includes('0'), `uids ${uids}`);
    assert.match(field('CapEff'), /^0+$/);
    assert.match(field('CapBnd'), /^0+$/);
    assert.equal(field('NoNewPrivs'), '1');
    for (const path of ['/x', '/etc/x', '/usr/local/bin/x', '/app/x', '/home/x', '/var/lib/x']) {
      const { status: code } = await shell(service, `echo x > ${path}`);
      assert.notEqual(code, 0, `${path} was written`);
    }
    const mount = (await shell(service, "grep ' / ' /proc/mounts")).text;
    assert.match(mount, / ro,/, mount);
    assert.equal((await shell(service, 'echo x > /tmp/x && rm /tmp/x')).status, 0, '/tmp is writable');
    return `uid ${uids[0]}`;
  });
}

await check('worker and API cannot change the schema, or what happened', async () => {
  const script = `const pg = require('pg');
    (async () => {
      const { loadConfig } = await import('/app/dist/src/config/index.js');
      const client = new pg.Client(loadConfig().database.url);
      await client.connect();
      for (const sql of ['DROP TABLE aol_actions', 'ALTER TABLE aol_execution_logs DISABLE TRIGGER ALL',
        'DELETE FROM aol_execution_logs', 'TRUNCATE aol_actions', 'CREATE TABLE x (y int)', "COPY aol_lease TO PROGRAM 'true'"]) {
        const error = await client.query(sql).then(() => undefined, (thrown) => thrown);
        if (!error) throw new Error(sql + ' was done');
      }
      await client.end();
    })().catch((error) => { console.error(error.message); process.exit(1); });`;
  await exec('worker', 'node', '-e', script);
});

await check('a backup is made beside the work, inside the container of the API, and is read again', async () => {
  const file = `/var/lib/aol/${key}.backup`;
  const { rows, files } = JSON.parse(await exec('api', 'aol', 'backup', file, '--json'));
  assert.ok(rows > 0 && files > 0, `${rows} rows, ${files} files`);
  assert.match(await exec('api', 'ls', '-l', file), /^-rw------- /);
  await exec('api', 'rm', file);
  return `${rows} rows, ${files} files`;
});

await check('the worker container drains, stops with 0, and goes on', async () => {
  const ids = [];
  for (let n = 0; n < 12; n += 1) ids.push((await enqueue(`Number ${n}`, `${key}-${n}`)).json().id);
  const worker = await container('worker');
  const started = performance.now();
  await run('stop', '-t', '35', worker);
  const stopMs = Math.round(performance.now() - started);
  assert.equal(await run('inspect', '-f', '{{.State.ExitCode}}', worker), '0');
  const atRest = await Promise.all(ids.map(async (id) => (await call(`/v1/actions/${id}`)).json().status));
  assert.ok(!atRest.includes('RUNNING'), `after the stop: ${atRest}`);
  const late = await enqueue('While no worker is there', `${key}-late`);
  assert.equal(late.status, 201, 'enqueue works without a worker');
  await run('start', worker);
  for (const id of [...ids, late.json().id]) {
    const action = await finished(id);
    assert.deepEqual([action.status, action.attempts], ['SUCCESS', 1], JSON.stringify(action));
  }
  const done = atRest.filter((status) => status === 'SUCCESS').length;
  return `stopped in ${stopMs} ms with ${done} of ${ids.length} done; all done once in the end`;
});

await check('the worker is healthy again', () =>
  until('healthy', 30_000, async () => (await shell('worker', 'node docker/worker-health.mjs')).status === 0).then(
    () => undefined,
  ),
);

await check('Temporal and PostgreSQL restart with their data', async () => {
  const temporal = await container('temporal');
  const postgres = await container('postgres');
  await run('restart', '-t', '15', temporal);
  await run('restart', '-t', '35', postgres);
  await until('/readyz', 60_000, async () => (await call('/readyz', { token: '' })).status === 200);
  assert.equal((await call(`/v1/actions/${first.id}`)).json().artifactSha256, first.artifactSha256);
  const again = await until('enqueue', 30_000, async () => {
    const answer = await enqueue('After the restart', `${key}-after`);
    return answer.status < 300 && answer.json();
  });
  assert.equal((await finished(again.id)).status, 'SUCCESS');
});

say(failed === 0 ? 'everything is well' : `${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
