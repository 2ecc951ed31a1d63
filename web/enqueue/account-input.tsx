/** Who is to speak, out of the accounts that workers have. */

import type { JSX } from 'preact';
import { accountLine } from '../accounts/words.ts';
import { payloadName, type Speakers } from './accounts.ts';

interface AccountInputProps extends Pick<JSX.IntrinsicElements['select'], 'aria-describedby'> {
  readonly id: string;
  readonly class: string;
  readonly 'aria-invalid': boolean;
  readonly text: string;
  readonly speakers: Speakers;
  readonly onText: (text: string) => void;
}

export function AccountInput({ text, speakers: { providers, choices }, onText, ...shared }: AccountInputProps) {
  const isKnown = choices?.some((account) => payloadName(account) === text) === true;
  return (
    <>
      <select {...shared} value={text} onChange={(event) => onText(event.currentTarget.value)}>
        <option value="">{choices?.length === 1 ? '– the only one' : '–'}</option>
        {choices?.map((account) => (
          <option key={account.name} value={payloadName(account)}>
            {accountLine(account)}
          </option>
        ))}
        {text !== '' && !isKnown && <option value={text}>{text} (no worker has it)</option>}
      </select>
      {choices?.length === 0 && (
        <small>
          No worker has an account of {providers.join(', ')}: it can be proved, and not sent.{' '}
          <a href="/accounts">Accounts</a>
        </small>
      )}
    </>
  );
}
