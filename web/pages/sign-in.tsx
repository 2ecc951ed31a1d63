/** Signing in: at the issuer that people have, or with a token, which goes into the body of one request and is kept nowhere. */

import { useEffect, useState } from 'preact/hooks';
import { SIGN_IN_PARAMETER, SIGN_IN_REFUSALS, type SignInRefusal } from '../../src/contracts/http/session.ts';
import { knownWord } from '../../src/contracts/words.ts';
import { isLoopback } from '../../src/domain/addresses.ts';
import { Note } from '../parts/basics.tsx';
import { Brand } from '../parts/icon.tsx';
import { path, query, setQuery } from '../state/address.ts';
import { errorText, isStatus } from '../state/errors.ts';
import { findSignInMethods, signIn, signInMethods } from '../state/session.ts';

const REFUSALS: Readonly<Record<SignInRefusal, (issuer: string) => string>> = {
  denied: (issuer) => `You did not sign in at ${issuer}.`,
  expired: () => 'That sign-in was begun in another browser, or more than ten minutes ago. Sign in again.',
  issuer_away: (issuer) =>
    `${issuer} does not answer. Try again later, or sign in with a token. Sessions that are open go on.`,
  away: () => 'The database of AOL does not answer. Try again.',
  failed: (issuer) => `Signing in at ${issuer} failed. The log of the server says why.`,
  no_role: (issuer) =>
    `None of your groups at ${issuer} may use this AOL. An admin can name one of them in AOL_OIDC_ROLES.`,
  disabled: () => 'You are shut out of this AOL. An admin can let you in again.',
  signed_in_there: (issuer) =>
    `You are signed out of AOL, and still signed in at ${issuer}. Sign out there too, or close this browser.`,
};
/** The issuer would let the same person in again, unasked. */
const OTHER_PERSON: readonly SignInRefusal[] = ['no_role', 'disabled'];

export function SignInPage({ why }: { readonly why: string | null }) {
  const [refusal] = useState(() => knownWord(SIGN_IN_REFUSALS, query.value.get(SIGN_IN_PARAMETER) ?? ''));
  useEffect(() => {
    if (query.value.has(SIGN_IN_PARAMETER)) setQuery({ [SIGN_IN_PARAMETER]: '' });
    void findSignInMethods();
  }, []);
  const issuer = signInMethods.value?.oidc;
  const said = refusal ? REFUSALS[refusal](issuer?.issuerHost ?? 'the issuer') : why;
  return (
    <main class="sign-in">
      <div class="panel">
        <div class="row">
          <Brand />
          <h1>Sign in to AOL</h1>
        </div>
        {said && (
          <Note tone="warn" icon="lock">
            {said}
          </Note>
        )}
        {issuer && (
          <>
            <a class="button" data-kind="primary" data-size="large" target="_self" href={beginUrl(issuer.beginUrl)}>
              Sign in with {issuer.issuerHost}
            </a>
            {refusal && OTHER_PERSON.includes(refusal) && (
              <a class="quiet" target="_self" href="/v1/session/oidc/sign-out">
                Sign out at {issuer.issuerHost}, to sign in as somebody else
              </a>
            )}
            <p class="quiet">Or with a token, which works without the issuer:</p>
          </>
        )}
        <TokenForm isFirst={!issuer} />
        <p class="quiet">
          A viewer reads. An approver also approves, pauses and kills. An operator also queues, resumes and replays. An
          admin also raises limits and unlocks REAL.
        </p>
      </div>
    </main>
  );
}

/** Back to this very page afterwards. */
function beginUrl(url: string): string {
  const { search } = new URL(location.href);
  return `${url}?${new URLSearchParams({ to: path.value + search })}`;
}

function TokenForm({ isFirst }: { readonly isFirst: boolean }) {
  const [token, setToken] = useState('');
  const [problem, setProblem] = useState('');
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem('');
    try {
      await signIn(token.trim());
    } catch (error) {
      setProblem(isStatus(error, 401) ? 'This token is not known.' : errorText(error));
      setBusy(false);
    }
  };
  return (
    <form onSubmit={submit}>
      <input type="text" name="username" autocomplete="username" value="aol" hidden readOnly />
      <div class="field">
        <label for="token">Token</label>
        <input
          id="token"
          class="input mono"
          type="password"
          autocomplete="current-password"
          spellcheck={false}
          required
          value={token}
          onInput={(event) => setToken(event.currentTarget.value)}
          aria-invalid={problem !== ''}
          aria-describedby="token-help"
        />
        {problem && (
          <span class="problem" role="alert">
            {problem}
          </span>
        )}
        <small id="token-help">
          {isLoopback(location.hostname) ? (
            <>
              <code>npm start</code> prints the admin token. All three stand in <code>tokens.json</code> of the data
              folder: <code>cat .aol/tokens.json</code>
            </>
          ) : (
            'Whoever runs this AOL gives you one, with a role.'
          )}
        </small>
      </div>
      <button
        type="submit"
        class="button"
        data-kind={isFirst ? 'primary' : undefined}
        data-size="large"
        disabled={isBusy || token.trim() === ''}
      >
        {isBusy ? 'Signing in …' : 'Sign in'}
      </button>
    </form>
  );
}
