/** Signing in: a token, once. It goes into the body of one request and is kept nowhere. */

import { useState } from 'preact/hooks';
import { Note } from '../parts/basics.tsx';
import { Brand } from '../parts/icon.tsx';
import { errorText, isStatus } from '../state/errors.ts';
import { signIn } from '../state/session.ts';

export function SignInPage({ why }: { readonly why: string | null }) {
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
    <main class="sign-in">
      <form class="panel" onSubmit={submit}>
        <div class="row">
          <Brand />
          <h1>Sign in to AOL</h1>
        </div>
        {why && (
          <Note tone="warn" icon="lock">
            {why}
          </Note>
        )}
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
            <code>npm start</code> prints the admin token. All three stand in <code>tokens.json</code> of the data
            folder: <code>cat .aol/tokens.json</code>
          </small>
        </div>
        <button
          type="submit"
          class="button"
          data-kind="primary"
          data-size="large"
          disabled={isBusy || token.trim() === ''}
        >
          {isBusy ? 'Signing in …' : 'Sign in'}
        </button>
        <p class="quiet">
          A viewer looks; an operator also queues, decides, pauses and kills; an admin also loosens limits and unlocks
          REAL.
        </p>
      </form>
    </main>
  );
}
