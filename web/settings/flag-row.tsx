/** One flag: what it means, its value with the control of its type, and who set it. */

import { useEffect, useState } from 'preact/hooks';
import type { FlagState } from '../../src/contracts/http/flags.ts';
import {
  FLAGS,
  type FlagKind,
  type FlagName,
  type FlagValue,
  isFlagValue,
  needsAdmin,
} from '../../src/domain/flags.ts';
import { ActButton } from '../parts/act-button.tsx';
import { At, Tag } from '../parts/basics.tsx';
import { ask } from '../parts/confirm.tsx';
import { client } from '../state/session.ts';
import { say } from '../state/toasts.ts';

interface FlagRowProps {
  readonly lane: string;
  readonly name: FlagName;
  readonly state: FlagState;
  readonly onDone: () => void;
}

export function FlagRow({ lane, name, state, onDone }: FlagRowProps) {
  const { kind, meaning }: { kind: FlagKind; meaning: string } = FLAGS[name];
  const [text, setText] = useState(String(state.value));
  useEffect(() => setText(String(state.value)), [state.value]);
  const value = typedValue(kind, text);
  const isValid = isFlagValue(name, value);
  const isChanged = isValid && value !== state.value;
  const id = `flag-${name}`;
  return (
    <li class="flag" data-flag={name}>
      <div>
        <label for={id}>
          <b class="mono">{name}</b>
        </label>
        <p class="quiet" id={`${id}-meaning`}>
          {meaning}
          {kind.type === 'integer' && ` (${kind.minimum} to ${kind.maximum})`}
        </p>
      </div>
      <div class="row">
        <FlagInput id={id} kind={kind} text={text} isValid={isValid} setText={setText} />
        {isChanged && (
          <ActButton
            kind="primary"
            size="small"
            needs={needsAdmin(name, state.value, value) ? 'administer' : 'operate'}
            act={() => askChange({ lane, name, state, onDone }, value)}
          >
            Set
          </ActButton>
        )}
        {!isValid && (
          <span class="problem" role="alert">
            {kind.type === 'integer' && `must be a whole number from ${kind.minimum} to ${kind.maximum}`}
          </span>
        )}
      </div>
      <div class="quiet">
        {state.expiresAt !== null && (
          <Tag tone="warn">
            until <At iso={state.expiresAt} />
          </Tag>
        )}{' '}
        {state.inherited && <Tag tone="idle">{state.updatedBy === null ? 'built-in default' : 'from all lanes'}</Tag>}{' '}
        {state.updatedBy !== null && state.updatedAt !== null && (
          <span class="wrap">
            set by <b>{state.updatedBy}</b> at <At iso={state.updatedAt} />
            {state.reason && `: ${state.reason}`}
          </span>
        )}
      </div>
    </li>
  );
}

function typedValue(kind: FlagKind, text: string): FlagValue {
  switch (kind.type) {
    case 'boolean':
      return text === 'true';
    case 'integer':
      return /^\d+$/u.test(text.trim()) ? Number(text) : text;
    case 'choice':
      return text;
  }
}

interface FlagInputProps {
  readonly id: string;
  readonly kind: FlagKind;
  readonly text: string;
  readonly isValid: boolean;
  readonly setText: (text: string) => void;
}

function FlagInput({ id, kind, text, isValid, setText }: FlagInputProps) {
  if (kind.type === 'integer') {
    return (
      <input
        id={id}
        class="input number short"
        inputMode="numeric"
        value={text}
        aria-invalid={!isValid}
        aria-describedby={`${id}-meaning`}
        onInput={(event) => setText(event.currentTarget.value)}
      />
    );
  }
  const choices = kind.type === 'boolean' ? ['true', 'false'] : kind.choices;
  return (
    <select
      id={id}
      class="input short"
      value={text}
      aria-describedby={`${id}-meaning`}
      onChange={(event) => setText(event.currentTarget.value)}
    >
      {choices.map((choice) => (
        <option key={choice} value={choice}>
          {choice}
        </option>
      ))}
    </select>
  );
}

const HOUR_MS = 3_600_000;
/** How long REAL may be unlocked for, where it is not to stay so. */
const TIMES: readonly (readonly [words: string, forMs: number | undefined])[] = [
  ['1 hour', HOUR_MS],
  ['8 hours', 8 * HOUR_MS],
  ['1 day', 24 * HOUR_MS],
  ['7 days', 7 * 24 * HOUR_MS],
  ['until somebody locks it', undefined],
];
const USUAL_TIME = '8 hours';

function TimeChoice({ choose }: { readonly choose: (words: string) => void }) {
  return (
    <div class="field">
      <label for="unlock-time">REAL locks itself again after</label>
      <select id="unlock-time" class="input" onChange={(event) => choose(event.currentTarget.value)}>
        {TIMES.map(([words]) => (
          <option key={words} value={words} selected={words === USUAL_TIME}>
            {words}
          </option>
        ))}
      </select>
    </div>
  );
}

function askChange({ lane, name, state, onDone }: FlagRowProps, value: FlagValue): void {
  const unlocks = name === 'proof_only' && value === false;
  let time = USUAL_TIME;
  ask({
    title: `Set ${name} to ${String(value)}?`,
    effect: (
      <>
        <p>
          <code>{name}</code> of {lane === '*' ? 'all lanes that have no value of their own' : `lane ${lane}`}:{' '}
          <code>{String(state.value)}</code> → <code>{String(value)}</code>. It holds at once.
        </p>
        {unlocks && (
          <div class="note" data-tone="bad">
            This is one of the two keys of REAL. With a worker whose AOL_PROOF_MODE is 0, actions that were queued for
            REAL are sent.
          </div>
        )}
        {unlocks && (
          <TimeChoice
            choose={(words) => {
              time = words;
            }}
          />
        )}
      </>
    ),
    verb: unlocks ? 'Unlock REAL' : 'Set',
    kind: unlocks ? 'danger' : 'primary',
    asksReason: true,
    reasonNeeded: unlocks,
    async act(reason) {
      const forMs = unlocks ? TIMES.find(([words]) => words === time)?.[1] : undefined;
      // The version makes it refuse when somebody else was quicker.
      await client.patchFlags({
        lane,
        flags: { [name]: value },
        version: state.version,
        forMs,
        reason,
      });
      say(`${name} is ${String(value)} now`);
      onDone();
    },
  });
}
