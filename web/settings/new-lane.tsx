import { useState } from 'preact/hooks';
import { laneNameSchema } from '../../src/contracts/http/primitives.ts';
import { ActButton } from '../parts/act-button.tsx';
import { Panel } from '../parts/basics.tsx';
import { errorText } from '../state/errors.ts';
import { client } from '../state/session.ts';
import { reloadStatus } from '../state/status.ts';
import { say } from '../state/toasts.ts';

/** A lane is a queue of its own, with its own pace, limits and stop. */
export function NewLane() {
  const [name, setName] = useState('');
  const parsed = laneNameSchema.safeParse(name);
  const problem = name === '' || parsed.success ? undefined : parsed.error.issues[0]?.message;
  const create = async () => {
    try {
      const { created } = await client.createLane(name);
      say(created ? `Lane ${name} is there` : `Lane ${name} was there already`);
      setName('');
      reloadStatus();
    } catch (error) {
      say(errorText(error), 'bad');
    }
  };
  return (
    <Panel
      title="New lane"
      note="A queue of its own: its own pace, limits and stop. It begins in PROOF, and every REAL action of it awaits approval."
    >
      <div class="row">
        <div class="field">
          <label for="new-lane">Name</label>
          <input
            id="new-lane"
            class="input"
            value={name}
            maxLength={63}
            spellcheck={false}
            aria-invalid={problem !== undefined}
            onInput={(event) => setName(event.currentTarget.value)}
          />
          {problem && <span class="problem">{problem}</span>}
        </div>
        <ActButton
          needs="administer"
          disabledBecause={parsed.success ? undefined : 'It needs a name first.'}
          act={create}
        >
          Create lane
        </ActButton>
      </div>
    </Panel>
  );
}
