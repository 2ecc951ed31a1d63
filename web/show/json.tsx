/** JSON as text, in the order of its bytes: what would turn it around stands there as an escape. */

import { printable } from '../../src/domain/printable.ts';
import { Folded } from './folded.tsx';

interface Named {
  readonly label: string;
  /** Where it was asked for by a press already. */
  readonly isWhole?: boolean;
}

export function Json({ value, ...named }: Named & { readonly value: unknown }) {
  return <Text text={JSON.stringify(value, null, 2) ?? 'nothing'} {...named} />;
}

export function Text({ text, label, isWhole = false }: Named & { readonly text: string }) {
  return (
    <section class="text-box" aria-label={label}>
      <Folded text={printable(text)} lines={isWhole ? Number.POSITIVE_INFINITY : undefined}>
        {(shown) => <pre>{shown}</pre>}
      </Folded>
    </section>
  );
}
