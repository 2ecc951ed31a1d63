/** What an issuer of a test remembers, for as long as it is there. */

import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

export function createIssuerStorage(): AdapterFactory {
  const models = new Map<string, Map<string, AdapterPayload>>();
  return (model): Adapter => {
    const rows = models.get(model) ?? new Map<string, AdapterPayload>();
    models.set(model, rows);
    const findBy = async (name: 'uid' | 'userCode', value: string) =>
      [...rows.values()].find((payload) => payload[name] === value);
    return {
      find: async (id) => rows.get(id),
      findByUid: (uid) => findBy('uid', uid),
      findByUserCode: (userCode) => findBy('userCode', userCode),
      async upsert(id, payload) {
        rows.set(id, payload);
      },
      async consume(id) {
        const payload = rows.get(id);
        if (payload) payload.consumed = Math.floor(Date.now() / 1_000);
      },
      async destroy(id) {
        rows.delete(id);
      },
      async revokeByGrantId(grantId) {
        for (const [id, payload] of rows) if (payload.grantId === grantId) rows.delete(id);
      },
    };
  };
}
