/** Named tokens: who has one, and taking it away. The secret is shown once, when it is made. */

import { useState } from 'preact/hooks';
import type { ApiToken, CreatedToken } from '../../src/contracts/http/token.ts';
import { ActButton } from '../parts/act-button.tsx';
import { At, Note, Tag } from '../parts/basics.tsx';
import { ask } from '../parts/confirm.tsx';
import { Pager } from '../parts/pager.tsx';
import { query } from '../state/address.ts';
import { client } from '../state/session.ts';
import { say } from '../state/toasts.ts';
import { ListPanel } from './list-panel.tsx';
import { NewToken } from './new-token.tsx';

export function Tokens() {
  const cursor = query.value.get('cursor') ?? undefined;
  const [created, setCreated] = useState<CreatedToken>();
  return (
    <ListPanel
      title="Tokens"
      note="In addition to the three tokens of the environment. Give each program its own, with an expiry."
      needs="administer"
      what="tokens"
      part={cursor}
      load={() => client.listTokens({ cursor })}
      events={['TOKEN_CREATED', 'TOKEN_REVOKED']}
      heads={['Name', 'Role', 'Begins with', 'Made', 'Ends', 'State']}
      empty="There are none yet."
      foot={(list) => (list.nextCursor !== null || cursor !== undefined) && <Pager list={list} what="tokens" />}
      row={(token, reload) => <TokenRow key={token.id} token={token} onDone={reload} />}
      below={(reload) => (
        <>
          {created && (
            <Note tone="good" icon="lock">
              Token <b>{created.name}</b>, shown only once: <code class="wrap">{created.token}</code>
            </Note>
          )}
          <NewToken
            onCreated={(token) => {
              setCreated(token);
              reload();
            }}
          />
        </>
      )}
    />
  );
}

function TokenRow({ token, onDone }: { readonly token: ApiToken; readonly onDone: () => void }) {
  return (
    <tr>
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
            act={() => askRevoke(token.id, token.name, onDone)}
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
    effect: <p>It stops working at once. Sessions that began with it end too.</p>,
    verb: 'Revoke',
    kind: 'danger',
    async act() {
      await client.revokeToken(id);
      say(`Token ${name} is revoked`);
      onDone();
    },
  });
}
