/** People who have signed in at the issuer: what their groups give them, and shutting one out. */

import type { Person } from '../../src/contracts/http/person.ts';
import { ActButton } from '../parts/act-button.tsx';
import { At } from '../parts/basics.tsx';
import { ask } from '../parts/confirm.tsx';
import { client } from '../state/session.ts';
import { say } from '../state/toasts.ts';
import { ListPanel } from './list-panel.tsx';

const SHOWN = 200;

export function People() {
  return (
    <ListPanel
      title="People"
      note="People who signed in by OpenID Connect. Groups are read again at each sign-in."
      needs="administer"
      what="people"
      load={() => client.listPeople({ limit: SHOWN })}
      events={['PERSON_CHANGED', 'SIGNED_IN']}
      heads={['Name', 'Role', 'Groups', 'Signed in', 'State']}
      empty="Nobody has signed in by OpenID Connect yet."
      foot="aol people list"
      row={(person, reload) => (
        <tr key={person.id}>
          <td title={`${person.subject} at ${person.issuer}`}>
            <b class="wrap">{person.name}</b>
          </td>
          <td>{person.role ?? 'none'}</td>
          <td data-label="groups" class="wrap">
            {person.groups.join(', ')}
          </td>
          <td data-label="signed in">
            <At iso={person.lastSignedInAt} />
          </td>
          <td>
            <Access person={person} onDone={reload} />
          </td>
        </tr>
      )}
    />
  );
}

function Access({ person, onDone }: { readonly person: Person; readonly onDone: () => void }) {
  const isDisabled = person.disabledAt !== null;
  return (
    <ActButton
      needs="administer"
      size="small"
      {...(isDisabled ? {} : { kind: 'danger' as const })}
      label={`${isDisabled ? 'Let in' : 'Shut out'} ${person.name}`}
      {...(isDisabled && { title: `Shut out by ${person.disabledBy}` })}
      act={() => (isDisabled ? letIn(person, onDone) : shutOut(person, onDone))}
    >
      {isDisabled ? 'Let in again' : 'Shut out'}
    </ActButton>
  );
}

function shutOut({ id, name }: Person, onDone: () => void): void {
  ask({
    title: `Shut ${name} out?`,
    effect: <p>All sessions of {name} end at once, and no new one begins. Named tokens are revoked by themselves.</p>,
    verb: 'Shut out',
    kind: 'danger',
    asksReason: true,
    async act(reason) {
      await client.disablePerson(id, { reason });
      say(`${name} is shut out`);
      onDone();
    },
  });
}

function letIn({ id, name }: Person, onDone: () => void): void {
  ask({
    title: `Let ${name} in again?`,
    effect: <p>{name} may sign in again, and gets the role of today’s groups.</p>,
    verb: 'Let in',
    asksReason: true,
    async act(reason) {
      await client.enablePerson(id, { reason });
      say(`${name} may sign in again`);
      onDone();
    },
  });
}
