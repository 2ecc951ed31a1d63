/** Named tokens: who has one, and taking it away. The secret is shown once, when it is made. */

import { useState } from 'preact/hooks';
import type { ApiToken, CreatedToken } from '../../src/contracts/http/token.ts';
import { ActButton } from '../parts/act-button.tsx';
import { At, Note, Panel, Tag } from '../parts/basics.tsx';
import { ask } from '../parts/confirm.tsx';
import { Pager } from '../parts/pager.tsx';
import { ResourceView } from '../parts/resource-view.tsx';
import { query } from '../state/address.ts';
import { useResource } from '../state/resource.ts';
import { client, whyNot } from '../state/session.ts';
import { say } from '../state/toasts.ts';
import { NewToken } from './new-token.tsx';

export function Tokens() {
  const reason = whyNot('administer');
  return (
    <Panel title="Tokens" note="Besides the three of the environment: one for each person or program, with an end.">
      {reason === undefined ? <TokenList /> : <p class="quiet">{reason}</p>}
    </Panel>
  );
}

function TokenList() {
  const cursor = query.value.get('cursor') ?? undefined;
  const tokens = useResource(`tokens ${cursor}`, () => client.listTokens({ cursor }), {
    isAbout: ({ event }) => event === 'TOKEN_CREATED' || event === 'TOKEN_REVOKED',
  });
  const [created, setCreated] = useState<CreatedToken>();
  return (
    <>
      <ResourceView of={tokens} what="tokens">
        {(list) =>
          list.items.length === 0 ? (
            <p class="quiet">There are none yet.</p>
          ) : (
            <>
              <table class="table cards">
                <thead>
                  <tr>
                    <th scope="col">Name</th>
                    <th scope="col">Role</th>
                    <th scope="col">Begins with</th>
                    <th scope="col">Made</th>
                    <th scope="col">Ends</th>
                    <th scope="col">State</th>
                  </tr>
                </thead>
                <tbody>
                  {list.items.map((token) => (
                    <tr key={token.id}>
                      <td>
                        <b>{token.name}</b>
                      </td>
                      <td>
                        {token.role}
                        <Bounds lanes={token.lanes} types={token.types} />
                      </td>
                      <td class="mono">{token.prefix}…</td>
                      <td data-label="made">
                        <At iso={token.createdAt} />
                      </td>
                      <td data-label="ends">{token.expiresAt === null ? 'never' : <At iso={token.expiresAt} />}</td>
                      <td>
                        {token.revokedAt === null ? (
                          <ActButton
                            needs="administer"
                            size="small"
                            kind="danger"
                            label={`Revoke ${token.name}`}
                            act={() => askRevoke(token.id, token.name, tokens.reload)}
                          >
                            Revoke
                          </ActButton>
                        ) : (
                          <Tag tone="idle" icon="slash">
                            revoked
                          </Tag>
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
              {(list.nextCursor !== null || cursor !== undefined) && <Pager list={list} what="tokens" />}
            </>
          )
        }
      </ResourceView>
      {created && (
        <Note tone="good" icon="lock">
          Token <b>{created.name}</b>, shown this once: <code class="wrap">{created.token}</code>
        </Note>
      )}
      <NewToken
        onCreated={(token) => {
          setCreated(token);
          tokens.reload();
        }}
      />
    </>
  );
}

/** What a token is bound to. */
function Bounds({ lanes, types }: Pick<ApiToken, 'lanes' | 'types'>) {
  if (lanes === null && types === null) return null;
  return <small class="quiet"> only {[...(lanes ?? []), ...(types ?? [])].join(', ')}</small>;
}

function askRevoke(id: string, name: string, onDone: () => void): void {
  ask({
    title: `Revoke the token ${name}?`,
    effect: <p>It ends at once, and with it the sessions that were begun with it.</p>,
    verb: 'Revoke',
    kind: 'danger',
    async act() {
      await client.revokeToken(id);
      say(`Token ${name} is revoked`);
      onDone();
    },
  });
}
