/** A new token: for whom, what it may, and what it is bound to. */

import { useState } from 'preact/hooks';
import {
  type CreatedToken,
  type CreateTokenRequest,
  createTokenRequestSchema,
} from '../../src/contracts/http/token.ts';
import { ROLES, type Role } from '../../src/domain/roles.ts';
import { ActButton } from '../parts/act-button.tsx';
import { errorText } from '../state/errors.ts';
import { client } from '../state/session.ts';
import { say } from '../state/toasts.ts';

const MEANINGS: Readonly<Record<Role, string>> = {
  viewer: 'reads',
  agent: 'reads, queues (REAL only as a request), cancels its own, pauses, kills',
  approver: 'reads, approves, rejects, promotes, pauses, kills',
  operator: 'all of these, and resumes, starts, replays, resolves, tightens limits',
  admin: 'everything',
};

export function NewToken({ onCreated }: { readonly onCreated: (token: CreatedToken) => void }) {
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('viewer');
  const [lanes, setLanes] = useState('');
  const [types, setTypes] = useState('');
  const [onlyLanes, onlyTypes] = [namesIn(lanes), namesIn(types)];
  const asked: CreateTokenRequest = {
    name,
    role,
    ...(onlyLanes.length > 0 && { lanes: onlyLanes }),
    ...(onlyTypes.length > 0 && { types: onlyTypes }),
  };
  const parsed = createTokenRequestSchema.safeParse(asked);
  const problem = parsed.success ? undefined : parsed.error.issues[0];
  const create = async () => {
    try {
      onCreated(await client.createToken(asked));
      for (const clear of [setName, setLanes, setTypes]) clear('');
    } catch (error) {
      say(errorText(error), 'bad');
    }
  };
  return (
    <div class="row">
      <TextField id="token-name" label="Name" text={name} setText={setName} />
      <div class="field">
        <label for="token-role">Role</label>
        <select
          id="token-role"
          class="input"
          value={role}
          title={MEANINGS[role]}
          aria-description={MEANINGS[role]}
          onChange={(event) => setRole(ROLES.find((one) => one === event.currentTarget.value) ?? 'viewer')}
        >
          {ROLES.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </div>
      <TextField id="token-lanes" label="Only lanes" text={lanes} setText={setLanes} placeholder="all; or blog, shop" />
      <TextField
        id="token-types"
        label="Only types"
        text={types}
        setText={setTypes}
        placeholder="all; or POST_SOCIAL"
      />
      <ActButton
        needs="administer"
        disabledBecause={
          name === '' ? 'It needs a name first.' : problem && `${problem.path.join('.')} ${problem.message}`
        }
        act={create}
      >
        Make token
      </ActButton>
    </div>
  );
}

/** Names separated by commas; none is all. */
function namesIn(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function TextField({
  id,
  label,
  text,
  setText,
  placeholder,
}: {
  readonly id: string;
  readonly label: string;
  readonly text: string;
  readonly setText: (text: string) => void;
  readonly placeholder?: string;
}) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        class="input"
        value={text}
        placeholder={placeholder}
        spellcheck={false}
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </div>
  );
}
