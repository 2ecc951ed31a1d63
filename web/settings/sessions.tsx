/** Open sessions of the dashboard: one's own, an admin's everybody's; each can be ended. */

import type { SessionEntry } from '../../src/contracts/http/session.ts';
import { ActButton } from '../parts/act-button.tsx';
import { At, Tag } from '../parts/basics.tsx';
import { ask } from '../parts/confirm.tsx';
import { client, whyNot } from '../state/session.ts';
import { say } from '../state/toasts.ts';
import { ListPanel } from './list-panel.tsx';

const SHOWN = 200;

export function Sessions() {
  const whose = whyNot('administer') === undefined ? 'Everybody who is signed in.' : 'Where you are signed in.';
  return (
    <ListPanel
      title="Sessions"
      note={`${whose} One ends after an hour without use, and after 12 hours in any case.`}
      needs="read"
      what="sessions"
      load={() => client.listSessions({ limit: SHOWN })}
      events={['SESSION_ENDED', 'SIGNED_IN', 'PERSON_CHANGED', 'TOKEN_REVOKED']}
      heads={['Who', 'Role', 'Began', 'Last used', 'From', 'State']}
      empty="Nobody is signed in."
      foot="aol sessions list"
      row={(session, reload) => <SessionRow key={session.id} session={session} onDone={reload} />}
    />
  );
}

function SessionRow({ session, onDone }: { readonly session: SessionEntry; readonly onDone: () => void }) {
  const { actor, role, address, browser, isCurrent } = session;
  return (
    <tr>
      <td>
        <b class="wrap">{actor}</b>
      </td>
      <td>{role}</td>
      <td data-label="began">
        <At iso={session.createdAt} />
      </td>
      <td data-label="last used">
        <At iso={session.lastUsedAt} />
      </td>
      <td data-label="from" class="wrap" title={browser ?? undefined}>
        {address ?? 'unknown'}
      </td>
      <td>
        {isCurrent ? (
          <Tag tone="good" icon="check">
            this one
          </Tag>
        ) : (
          <ActButton
            needs="read"
            size="small"
            kind="danger"
            label={`End the session of ${actor} from ${session.createdAt}`}
            act={() => askEnd(session, onDone)}
          >
            End
          </ActButton>
        )}
      </td>
    </tr>
  );
}

function askEnd({ id, actor, address, browser }: SessionEntry, onDone: () => void): void {
  ask({
    title: `End this session of ${actor}?`,
    effect: (
      <p class="wrap">
        From {address ?? 'an unknown address'}, with {browser ?? 'an unknown browser'}. It ends at once, everywhere.
      </p>
    ),
    verb: 'End session',
    kind: 'danger',
    async act() {
      await client.endSession(id);
      say(`A session of ${actor} has ended`);
      onDone();
    },
  });
}
