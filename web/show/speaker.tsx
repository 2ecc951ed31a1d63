/** Who will speak, and from where: it is hashed and approved with the rest. */

import type { Speaker } from './around.ts';

export function SpeakerFacts({ speaker: { name, identity, server } }: { readonly speaker: Speaker }) {
  return (
    <>
      <dt>Speaks</dt>
      <dd>
        <b>{identity}</b> <span class="quiet">(account {name})</span>
      </dd>
      <dt>Server</dt>
      <dd>{server}</dd>
    </>
  );
}
