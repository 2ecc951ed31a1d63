/** The SHA-256 of an artifact, and a button that computes it anew from the bytes that this browser got. */

import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Tag } from '../parts/basics.tsx';
import { Icon } from '../parts/icon.tsx';
import { say } from '../state/toasts.ts';
import { sha256Of } from './sha256.ts';

type Check =
  | { readonly kind: 'none' }
  | { readonly kind: 'done'; readonly found: string }
  | { readonly kind: 'cannot' };

export function HashCheck(props: {
  readonly sha256: string;
  readonly bytes: Uint8Array | undefined;
  /** It is computed at once, and what came of it stands in one line; the hash itself is folded away. */
  readonly atOnce?: boolean;
}) {
  const { sha256, bytes, atOnce = false } = props;
  const [check, setCheck] = useState<Check>({ kind: 'none' });
  const compute = async () => {
    if (!bytes) return;
    const found = await sha256Of(bytes);
    setCheck(found === undefined ? { kind: 'cannot' } : { kind: 'done', found });
  };
  useEffect(() => {
    setCheck({ kind: 'none' });
    if (atOnce) void compute();
  }, [sha256, bytes, atOnce]);
  const copy = () =>
    navigator.clipboard.writeText(sha256).then(
      () => say('SHA-256 copied'),
      () => say('The browser did not allow copying', 'bad'),
    );
  const found = (
    <span role="status">
      {check.kind === 'done' && check.found === sha256 && (
        <Tag tone="good" icon="check">
          Same: computed in this browser from {bytes?.length} bytes
        </Tag>
      )}
      {check.kind === 'done' && check.found !== sha256 && (
        <Tag tone="bad" icon="warning">
          DIFFERENT: these bytes have {check.found}
        </Tag>
      )}
      {check.kind === 'cannot' && (
        <Tag tone="warn" icon="warning">
          The browser computes hashes on https or this machine only
        </Tag>
      )}
    </span>
  );
  const whole = (
    <>
      <code class="wrap">{sha256}</code>
      <span class="row">
        <button type="button" class="button" data-size="small" onClick={copy}>
          Copy
        </button>
        <button type="button" class="button" data-size="small" disabled={!bytes} onClick={() => void compute()}>
          <Icon name="proof" />
          Recompute here
        </button>
        {!atOnce && found}
      </span>
    </>
  );
  if (!atOnce) {
    return (
      <div class="hash">
        <span class="quiet">SHA-256</span>
        {whole}
      </div>
    );
  }
  return (
    <FoldedHash sha256={sha256} aside={found}>
      {whole}
    </FoldedHash>
  );
}

/** The beginning of a hash, for those who compare; the rest is one press away. */
export function FoldedHash(props: {
  readonly sha256: string;
  readonly aside?: ComponentChildren;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class="hash" data-folded>
      <details>
        <summary>
          SHA-256 <code>{props.sha256.slice(0, 12)}…</code>
        </summary>
        <div class="stack">{props.children ?? <code class="wrap">{props.sha256}</code>}</div>
      </details>
      {props.aside}
    </div>
  );
}
