/** The OpenAPI description as the API gives it. It needs no database: what is described is the code. */

import { createApi } from '../../src/api/app.ts';
import { openPorts } from '../../src/api/ports.ts';
import { builtInContracts } from '../../src/contracts/payloads/index.ts';
import { TOKENS } from './api.ts';

/** Where the repository keeps it. */
export const OPENAPI_FILE = new URL('../../docs/openapi.json', import.meta.url);

/** As it stands in the repository: indented, so that changes can be read. */
export async function openApiText(): Promise<string> {
  const ports = openPorts({
    databaseUrl: 'postgresql://nobody@127.0.0.1:1/none',
    temporal: { address: '127.0.0.1:1', namespace: 'default' },
    temporalUiUrl: null,
    artifacts: { get: async () => new Uint8Array() },
  });
  const api = await createApi({ ...ports, contracts: builtInContracts, tokens: TOKENS });
  try {
    const address = await api.listen({ host: '127.0.0.1', port: 0 });
    const answer = await fetch(`${address}/openapi.json`, { headers: { authorization: `Bearer ${TOKENS.viewer}` } });
    if (!answer.ok) throw new Error(`the description was answered by ${answer.status}: ${await answer.text()}`);
    return `${JSON.stringify(await answer.json(), null, 2)}\n`;
  } finally {
    await api.close();
    await ports.close();
  }
}
