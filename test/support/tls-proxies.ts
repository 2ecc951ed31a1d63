/** The proxies of ops/nginx and ops/caddy, as they stand there: only ports, folders and the certificate are the test's. */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../src/local/index.ts';
import { startProgram } from './providers/program.ts';
import { TEST_CERTIFICATE, TEST_KEY } from './receiver.ts';

/** Under which both serve AOL. */
export const NAME = 'aol.example';

const ops = fileURLToPath(new URL('../../ops/', import.meta.url));

export interface TlsProxy {
  /** It listens there on 127.0.0.1, for {@link NAME}. */
  readonly port: number;
  close(): Promise<void>;
}

export async function startNginx(apiHost: string): Promise<TlsProxy> {
  const [port, httpPort] = [await freePort(), await freePort()];
  const program = await startProgram({
    name: 'nginx',
    program: 'nginx',
    async args(folder) {
      const files = [join(folder, 'certificate.pem'), join(folder, 'key.pem')] as const;
      await writeFile(files[0], TEST_CERTIFICATE);
      await writeFile(files[1], TEST_KEY);
      const site = (await readFile(join(ops, 'nginx', 'aol.conf'), 'utf8'))
        .replace('server 127.0.0.1:8321;', `server ${apiHost};`)
        .replace('listen 443 ssl;', `listen 127.0.0.1:${port} ssl;`)
        .replace('listen 80;', `listen 127.0.0.1:${httpPort};`)
        .replace('/etc/ssl/aol.example.pem', files[0])
        .replace('/etc/ssl/private/aol.example.key', files[1]);
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map((name) => `${name}_temp_path ${join(folder, name)};`)
        .join('\n');
      const main = join(folder, 'nginx.conf');
      await writeFile(
        main,
        `${process.getuid?.() === 0 ? 'user root;' : ''} daemon off; pid ${join(folder, 'pid')}; error_log stderr; worker_processes 1;
         events {} http { access_log off; ${temporary}\n${site} }`,
      );
      return ['-p', folder, '-c', main];
    },
    probe: () => answersTls(port),
  });
  return { port, close: () => program.close() };
}

export async function startCaddy(apiHost: string): Promise<TlsProxy> {
  const port = await freePort();
  const program = await startProgram({
    name: 'caddy',
    program: 'caddy',
    async args(folder) {
      const site = await readFile(join(ops, 'caddy', 'Caddyfile'), 'utf8');
      const file = join(folder, 'Caddyfile');
      // Its own authority in place of a public one, whose servers no test asks.
      const test = `{\n\tadmin off\n\tlocal_certs\n\tskip_install_trust\n\tauto_https disable_redirects\n\tstorage file_system ${folder}\n}\n`;
      const filled = site
        .replace('{$AOL_DOMAIN:aol.example}', `aol.example:${port}`)
        .replace('{$AOL_UPSTREAM:127.0.0.1:8321}', apiHost);
      await writeFile(file, test + filled);
      return ['run', '--config', file, '--adapter', 'caddyfile'];
    },
    probe: () => answersTls(port),
  });
  return { port, close: () => program.close() };
}

/** A proxy that makes its certificate by itself listens before it has it. */
function answersTls(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, servername: NAME, rejectUnauthorized: false });
    socket.once('error', () => resolve(false));
    socket.once('secureConnect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
