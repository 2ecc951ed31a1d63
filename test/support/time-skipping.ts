/** The official time-skipping test server, from wherever this machine can have it: days pass in seconds. */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Connection } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { freePort } from '../../src/local/index.ts';
import { installed, tool } from './providers/install.ts';
import { type Program, startProgram } from './providers/program.ts';

const VERSION = '1.31.0';
const POM = fileURLToPath(new URL('time-skipping-server/pom.xml', import.meta.url));

export interface TimeSkipping {
  readonly environment: TestWorkflowEnvironment;
  close(): Promise<void>;
}

/**
 * Starts the server: Maven's copy when Java and Maven are there, else the SDK's download.
 * When neither can be had it throws: these tests are never skipped.
 */
export async function startTimeSkipping(): Promise<TimeSkipping> {
  const port = await freePort();
  const server = await startFromMaven(port).catch((error: Error) => error);
  const environment = await connect(port, server);
  return {
    environment,
    async close() {
      await environment.teardown();
      if (!(server instanceof Error)) await server.close();
    },
  };
}

async function startFromMaven(port: number): Promise<Program> {
  const folder = await installed({
    name: `time-skipping-server-${VERSION}`,
    needs: 'Java and Maven (Debian: default-jre-headless, maven)',
    fill: (draft) =>
      tool('mvn', ['-q', '-B', '-f', POM, 'dependency:copy-dependencies', `-DoutputDirectory=${join(draft, 'lib')}`]),
  });
  return await startProgram({
    name: 'time-skipping-server',
    program: 'java',
    args: [
      '-Xmx256m',
      '-XX:TieredStopAtLevel=1',
      ...['-cp', join(folder, 'lib', '*'), 'io.temporal.testserver.TestServer', String(port)],
    ],
    probe: async () => {
      const connection = await Connection.connect({ address: `127.0.0.1:${port}`, connectTimeout: '2s' });
      await connection.close();
      return true;
    },
    readyWithinMs: 120_000,
  });
}

async function connect(port: number, server: Program | Error): Promise<TestWorkflowEnvironment> {
  if (server instanceof Error) {
    return await TestWorkflowEnvironment.createTimeSkipping().catch((error: unknown) => {
      throw new Error(`no time-skipping test server: ${server.message}; nor the SDK's download`, { cause: error });
    });
  }
  // The SDK insists on starting a program, and gives it 5 s to listen, which a JVM on a busy machine exceeds. The server listens
  // already: what the SDK starts only lives.
  return await TestWorkflowEnvironment.createTimeSkipping({
    server: { port, executable: { type: 'existing-path', path: '/bin/sleep' } },
  });
}
