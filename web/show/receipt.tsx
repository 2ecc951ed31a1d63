/** What the outside world answered, and where what was published can be seen. */

import { counted, duration } from '../../src/contracts/words.ts';
import { Icon } from '../parts/icon.tsx';
import { Json } from './json.tsx';
import { publishedAt } from './published.ts';

/** A receipt, in the words that matter first. */
export function Receipt({ receipt }: { readonly receipt: Readonly<Record<string, unknown>> }) {
  const status = typeof receipt.status === 'number' ? receipt.status : undefined;
  const took = typeof receipt.durationMs === 'number' ? receipt.durationMs : undefined;
  const text = typeof receipt.text === 'string' ? receipt.text : undefined;
  return (
    <div class="stack">
      {status !== undefined && (
        <p>
          Answered <b class="number">{status}</b>
          {took !== undefined && ` after ${duration(took)}`}
        </p>
      )}
      {text !== undefined && <blockquote class="answer wrap">{text}</blockquote>}
      <Json value={receipt} label={`The receipt, ${counted(Object.keys(receipt).length, 'field')}`} />
    </div>
  );
}

/** Leads away, so it says where to. */
export function PublishedLink({ receipt }: { readonly receipt: Readonly<Record<string, unknown>> }) {
  const url = publishedAt(receipt);
  if (!url) return null;
  return (
    <a class="button" href={url.href} target="_blank" rel="noreferrer">
      <Icon name="external" /> <span>See it on {url.host}</span>
      <span class="visually-hidden"> (in another tab)</span>
    </a>
  );
}
