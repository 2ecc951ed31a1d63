/** The four states of what is read: loading, failed, empty, there. */

import type { ComponentChildren } from 'preact';
import type { Resource } from '../state/resource.ts';
import { Failure, Loading } from './basics.tsx';

interface ResourceViewProps<Data> {
  readonly of: Resource<Data>;
  readonly what: string;
  readonly children: (data: Data) => ComponentChildren;
}

/** What was read last stays while it is read again, and when that fails. */
export function ResourceView<Data>({ of: { data, error, isOld, reload }, what, children }: ResourceViewProps<Data>) {
  if (data === undefined) {
    return error === undefined ? <Loading what={what} /> : <Failure error={error} retry={reload} />;
  }
  return (
    <div class="resource" data-old={isOld || undefined} aria-busy={isOld}>
      {error !== undefined && <Failure error={error} retry={reload} />}
      {children(data)}
    </div>
  );
}
