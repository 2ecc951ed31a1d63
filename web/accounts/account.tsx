/** One account: who speaks, whether it can, its token, its budget. */

import type { AccountDescription } from '../../src/contracts/http/account.ts';
import { age, counted } from '../../src/contracts/words.ts';
import { ActButton } from '../parts/act-button.tsx';
import { Ago, At, Note, Tag } from '../parts/basics.tsx';
import { sentence } from '../parts/words.ts';
import { Json } from '../show/json.tsx';
import { now } from '../state/clock.ts';
import { errorText } from '../state/errors.ts';
import { client } from '../state/session.ts';
import { status } from '../state/status.ts';
import { say } from '../state/toasts.ts';
import { Budgets } from './budgets.tsx';
import { stateWords } from './words.ts';

const DYING_MS = 7 * 24 * 3_600_000;

interface AccountProps {
  readonly account: AccountDescription;
  readonly onDone: () => void;
}

export function Account({ account, onDone }: AccountProps) {
  const { name, provider, identity, server, waiting, why, budgets, facts, checkedAt } = account;
  return (
    <li class="panel" data-account={name}>
      <header class="panel-head">
        <h2 class="wrap">{identity}</h2>
        <code class="quiet wrap">{name}</code>
      </header>
      <div class="panel-body">
        <State account={account} />
        <dl class="facts">
          <dt>Provider</dt>
          <dd>{provider}</dd>
          <dt>Server</dt>
          <dd>{server}</dd>
          <dt>Token</dt>
          <dd>
            <Token account={account} />
          </dd>
          <dt>Last check</dt>
          <dd>{checkedAt === null ? 'never' : <Ago iso={checkedAt} />}</dd>
          <dt>Waiting</dt>
          <dd>
            {waiting === 0 ? 'nothing' : counted(waiting, 'action')}
            {waiting > 0 && why !== null && <p class="quiet wrap">{sentence(why)}</p>}
          </dd>
        </dl>
        <Budgets scope="account" name={name} budgets={budgets} onDone={onDone} />
        {Object.keys(facts).length > 0 && (
          <details>
            <summary>What the last check found</summary>
            <Json value={facts} label={`Facts of ${name}`} />
          </details>
        )}
        <div>
          <ActButton
            icon="retry"
            label={`Check ${name} now`}
            title="A worker logs in and changes nothing"
            act={() => check(name, onDone)}
          >
            Check now
          </ActButton>
        </div>
      </div>
    </li>
  );
}

function State({ account }: { readonly account: AccountDescription }) {
  const { configured, reason, until } = account;
  const { word, icon, tone, meaning } = stateWords(account);
  return (
    <>
      <div class="row">
        <Tag tone={tone} icon={icon}>
          {word}
        </Tag>
        {until !== null && (
          <span>
            until <At iso={until} />
          </span>
        )}
      </div>
      {reason === null ? (
        <p class="quiet">{meaning}</p>
      ) : (
        <Note tone={tone === 'good' ? 'warn' : tone} icon={icon}>
          <span class="wrap">{reason}</span>
          <p>{meaning}</p>
        </Note>
      )}
      {!configured && (
        <Note tone="warn" icon="warning">
          No worker that runs has this account, so it can send nothing. Put its entry back, or start a worker that has
          it.
        </Note>
      )}
    </>
  );
}

/** A token that is renewed by itself dies all the time, and nobody is warned: the server knows which. */
function Token({ account: { name, tokenExpiresAt } }: { readonly account: AccountDescription }) {
  if (tokenExpiresAt === null) return <>no end is known</>;
  const leftMs = Date.parse(tokenExpiresAt) - now.value;
  const isWarned = status.value?.accounts.some((warned) => warned.name === name) === true && leftMs < DYING_MS;
  const words = (
    <>
      {leftMs <= 0 ? 'ran out' : 'runs out'} at <At iso={tokenExpiresAt} />
      {leftMs > 0 && `, in ${age(leftMs)}`}
    </>
  );
  if (!isWarned) return words;
  return (
    <Tag tone={leftMs <= 0 ? 'bad' : 'warn'} icon="warning">
      <span>{words}</span>
    </Tag>
  );
}

async function check(name: string, onDone: () => void): Promise<void> {
  try {
    const { checked, account } = await client.checkAccount(name);
    if (checked) say(`${name}: ${stateWords(account).word.toLowerCase()}`);
    else say(`No worker has checked ${name} within 10 s. Is one running that has it?`, 'bad');
  } catch (error) {
    say(errorText(error), 'bad');
  }
  onDone();
}
