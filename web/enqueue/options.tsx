/** How an action is queued: mode, lane, key, time, priority, approval. */

import type { EnqueueInput } from '../../src/contracts/http/action.ts';
import { jsonObjectSchema } from '../../src/contracts/http/json.ts';
import { idempotencyKeySchema, prioritySchema } from '../../src/contracts/http/primitives.ts';
import { ACTION_MODES, type ActionMode } from '../../src/domain/states.ts';
import { chosenTime, LocalTimeInput } from '../parts/local-time.tsx';
import { laneChoices } from '../state/catalogue.ts';

export interface Options {
  readonly mode: ActionMode;
  readonly lane: string;
  readonly key: string;
  /** Of this browser's clock, as the control gives it; empty: now. */
  readonly runAt: string;
  readonly priority: string;
  readonly requireApproval: boolean;
}

export const OPTION_DEFAULTS: Options = {
  mode: 'PROOF',
  lane: 'default',
  key: '',
  runAt: '',
  priority: '0',
  requireApproval: false,
};

export function optionsProblems({ key, priority, runAt }: Options): Readonly<Partial<Record<keyof Options, string>>> {
  const keyProblem = key === '' ? undefined : idempotencyKeySchema.safeParse(key).error?.issues[0]?.message;
  const time = chosenTime(runAt);
  const priorityProblem = prioritySchema.safeParse(Number(priority)).success
    ? undefined
    : 'must be a whole number from -100 to 100';
  return {
    ...(keyProblem !== undefined && { key: keyProblem }),
    ...(priorityProblem !== undefined && { priority: priorityProblem }),
    ...(time.kind === 'wrong' && { runAt: time.problem }),
  };
}

export function requestOf(type: string, payload: unknown, options: Options): EnqueueInput {
  const time = chosenTime(options.runAt);
  return {
    type,
    payload: jsonObjectSchema.parse(payload),
    lane: options.lane,
    mode: options.mode,
    priority: Number(options.priority),
    requireApproval: options.requireApproval,
    ...(options.key !== '' && { idempotencyKey: options.key }),
    ...(time.kind === 'right' && { runAt: time.iso }),
  };
}

interface OptionsFormProps {
  readonly options: Options;
  readonly setOptions: (options: Options) => void;
  readonly performs: boolean;
}

export function OptionsForm({ options, setOptions, performs }: OptionsFormProps) {
  const problems = optionsProblems(options);
  const change = (changes: Partial<Options>) => setOptions({ ...options, ...changes });
  return (
    <>
      <fieldset class="field">
        <legend>Mode</legend>
        <div class="row">
          {ACTION_MODES.map((mode) => (
            <label key={mode} class="check">
              <input
                type="radio"
                name="mode"
                checked={options.mode === mode}
                disabled={mode === 'REAL' && !performs}
                onChange={() => change({ mode })}
              />
              {mode === 'PROOF' ? 'PROOF: show what would be sent' : 'REAL: send it, once the lane is REAL'}
            </label>
          ))}
        </div>
        {!performs && <small>This type cannot be sent yet, only proved.</small>}
      </fieldset>
      <div class="pair">
        <div class="field">
          <label for="lane">Lane</label>
          <select
            id="lane"
            class="input"
            value={options.lane}
            onChange={(event) => change({ lane: event.currentTarget.value })}
          >
            {laneChoices().map(({ value, text }) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </div>
        <div class="field">
          <label for="priority">Priority</label>
          <input
            id="priority"
            class="input"
            inputMode="numeric"
            value={options.priority}
            aria-invalid={problems.priority !== undefined}
            onInput={(event) => change({ priority: event.currentTarget.value })}
          />
          <small>Higher goes first: -100 to 100.</small>
          {problems.priority && <span class="problem">{problems.priority}</span>}
        </div>
        <LocalTimeInput
          id="run-at"
          label="Not before"
          isOptional
          text={options.runAt}
          onText={(runAt) => change({ runAt })}
        />
        <div class="field">
          <label for="key">
            Key <span class="quiet">(optional)</span>
          </label>
          <input
            id="key"
            class="input mono"
            value={options.key}
            aria-invalid={problems.key !== undefined}
            onInput={(event) => change({ key: event.currentTarget.value })}
          />
          <small>The same key again does not queue a second action.</small>
          {problems.key && <span class="problem">{problems.key}</span>}
        </div>
      </div>
      <label class="check">
        <input
          type="checkbox"
          checked={options.requireApproval}
          onChange={(event) => change({ requireApproval: event.currentTarget.checked })}
        />
        A person must approve it before it is sent
      </label>
    </>
  );
}
