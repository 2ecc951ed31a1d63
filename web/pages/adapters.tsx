/** What can be queued: each type, whether REAL has what it needs, and its schema. */

import type { AdapterDescription } from '../../src/contracts/http/adapter.ts';
import { Empty, PageHead, Tag } from '../parts/basics.tsx';
import { ResourceView } from '../parts/resource-view.tsx';
import { Json } from '../show/json.tsx';
import { useAdapters } from '../state/catalogue.ts';

const REDELIVERY: Readonly<Record<AdapterDescription['redelivery'], string>> = {
  dedupes: 'The provider performs a repeated request once, so an unknown outcome is tried again.',
  reconciles: 'The provider can be asked whether it happened; what it cannot tell waits for a person.',
  harmless: 'What may have happened is repeated a few times, which harms nobody and costs its price again.',
  neither: 'Nobody can tell whether an unknown outcome happened: a person looks.',
  depends: 'Depends on the payload: some receivers perform a repetition once, with others a person looks.',
};

export function AdaptersPage() {
  const adapters = useAdapters();
  return (
    <>
      <PageHead title="Adapters">What can be queued, and what each type needs before it can be sent.</PageHead>
      <ResourceView of={adapters} what="adapters">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No adapters" icon="adapters" />
          ) : (
            <ul class="adapters">
              {items.map((adapter) => (
                <Adapter key={adapter.type} adapter={adapter} />
              ))}
            </ul>
          )
        }
      </ResourceView>
    </>
  );
}

function Adapter({ adapter }: { readonly adapter: AdapterDescription }) {
  const limits = Object.entries(adapter.limits);
  return (
    <li class="panel" data-type={adapter.type}>
      <header class="panel-head">
        <h2>{adapter.title}</h2>
        <code class="quiet">{adapter.type}</code>
      </header>
      <div class="panel-body">
        <div class="row">
          <Tag tone="good" icon="proof">
            Proofs work
          </Tag>
          <RealState adapter={adapter} />
        </div>
        <dl class="facts">
          <dt>Sent twice?</dt>
          <dd>{REDELIVERY[adapter.redelivery]}</dd>
          {adapter.providers.map((provider) => (
            <>
              <dt key={provider.provider}>{provider.provider}</dt>
              <dd>
                {provider.configured ? (
                  <a href="/accounts">{provider.accounts.join(', ')}</a>
                ) : (
                  <span class="quiet">no account: set {provider.missing.join(', ')}</span>
                )}
              </dd>
            </>
          ))}
          {limits.map(([what, limit]) => (
            <>
              <dt key={what}>{what}</dt>
              <dd>{limit}</dd>
            </>
          ))}
        </dl>
        <details>
          <summary>Schema of the payload</summary>
          <Json value={adapter.payloadSchema} label={`Schema of ${adapter.type}`} isWhole />
        </details>
        <p>
          <a class="button" href={`/enqueue?type=${encodeURIComponent(adapter.type)}`}>
            Queue one
          </a>
        </p>
      </div>
    </li>
  );
}

function RealState({ adapter: { performs, real } }: { readonly adapter: AdapterDescription }) {
  if (!performs) {
    return (
      <Tag tone="idle" icon="lock">
        REAL is not possible yet
      </Tag>
    );
  }
  if (real.configured) {
    return (
      <Tag tone="good" icon="real">
        Configured for REAL
      </Tag>
    );
  }
  return (
    <>
      <Tag tone="warn" icon="warning">
        Not configured for REAL
      </Tag>
      <span class="quiet wrap">
        {real.missing.length > 0 ? `missing: ${real.missing.join(', ')}` : 'no worker has an account for it'}
      </span>
    </>
  );
}
