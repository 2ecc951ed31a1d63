/** What it is doing, and what waits for a person. */

import { age, count, statusMeaning } from '../../src/contracts/words.ts';
import { Icon } from '../parts/icon.tsx';
import { STATUS_WORDS } from '../parts/words.ts';
import { decisionsWaiting, status, totals } from '../state/status.ts';

const DOING = ['RUNNING', 'PENDING', 'RETRY', 'SUCCESS'] as const;
const DECIDE = ['AWAITING_APPROVAL', 'UNCONFIRMED', 'DLQ'] as const;

export function Counts() {
  const sums = totals.value;
  const oldest = Math.max(-1, ...(status.value?.lanes ?? []).map(({ oldestDueAgeMs }) => oldestDueAgeMs ?? -1));
  return (
    <section class="counts" aria-label="Counts">
      <div class="counts-part">
        <h2>It does</h2>
        <ul class="tiles">
          {DOING.map((name) => (
            <Tile key={name} name={name} value={sums[name] ?? 0} href={`/actions?status=${name}`} />
          ))}
        </ul>
        <p class="number">{oldest < 0 ? 'Nothing is due.' : `The oldest due action has waited ${age(oldest)}.`}</p>
      </div>
      <div class="counts-part" data-waits={decisionsWaiting.value > 0 || undefined}>
        <h2>Waits for you</h2>
        <ul class="tiles">
          {DECIDE.map((name) => (
            <Tile key={name} name={name} value={sums[name] ?? 0} href={`/decisions?show=${name}`} />
          ))}
        </ul>
        <p>{decisionsWaiting.value === 0 ? 'Nothing waits for a decision.' : <a href="/decisions">Decide these</a>}</p>
      </div>
    </section>
  );
}

/** Longer numbers would leave their tile; the title says them whole. */
const COMPACT_FROM = 10_000;
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

function Tile({
  name,
  value,
  href,
}: {
  readonly name: keyof typeof STATUS_WORDS;
  readonly value: number;
  readonly href: string;
}) {
  const { word, icon, tone } = STATUS_WORDS[name];
  return (
    <li>
      <a
        class="tile"
        data-tone={value === 0 ? 'none' : tone}
        href={href}
        title={`${count(value)} ${word}: ${statusMeaning(name)}`}
        data-status={name}
      >
        <b class="number">{value < COMPACT_FROM ? count(value) : compact.format(value)}</b>
        <span>
          <Icon name={icon} />
          {word}
        </span>
      </a>
    </li>
  );
}
