/** Said only when something is away. */

import type { Status } from '../../src/contracts/http/status.ts';
import { Note } from '../parts/basics.tsx';

const NAMES = {
  postgres: { name: 'PostgreSQL', effect: 'Nothing is claimed and nothing is sent.' },
  temporal: { name: 'Temporal', effect: 'Queueing works; nothing runs until it is back. Pause and kill hold.' },
} as const;

export function Dependencies({ dependencies }: Pick<Status, 'dependencies'>) {
  const away = (['postgres', 'temporal'] as const).filter((name) => !dependencies[name].ok);
  if (away.length === 0) return null;
  return (
    <div class="stack" role="alert">
      {away.map((name) => (
        <Note key={name} tone="bad" icon="warning">
          <b>{NAMES[name].name} is away.</b> {NAMES[name].effect}{' '}
          <span class="quiet wrap">({dependencies[name].detail})</span>
        </Note>
      ))}
    </div>
  );
}
