/** Accounts: on whose behalf effects are performed, whether that works; and budgets: how much may go out. */

import { Account } from '../accounts/account.tsx';
import { OtherBudgets } from '../accounts/other-budgets.tsx';
import { PageHead } from '../parts/basics.tsx';
import { Icon } from '../parts/icon.tsx';
import { ResourceView } from '../parts/resource-view.tsx';
import { useAccounts } from '../state/catalogue.ts';

export function AccountsPage() {
  const accounts = useAccounts();
  return (
    <>
      <PageHead title="Accounts">
        The accounts that send, their state and their budgets. Secrets are never shown.
      </PageHead>
      <ResourceView of={accounts} what="accounts">
        {({ items }) =>
          items.length === 0 ? (
            <NoAccounts />
          ) : (
            <ul class="adapters">
              {items.map((account) => (
                <Account key={account.name} account={account} onDone={accounts.reload} />
              ))}
            </ul>
          )
        }
      </ResourceView>
      <OtherBudgets />
    </>
  );
}

function NoAccounts() {
  return (
    <div class="empty">
      <Icon name="accounts" />
      <strong>No worker has an account yet</strong>
      <p>
        Give the workers one by variables: <code>BLUESKY_IDENTIFIER=brand.example BLUESKY_APP_PASSWORD=…</code>
      </p>
      <p>
        Several stand in <code>aol.accounts.yaml</code>. <a href="/adapters">Adapters</a> names the variables of each
        provider.
      </p>
    </div>
  );
}
