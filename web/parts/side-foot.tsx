/** Whether the page is live, who is signed in, and light or dark. */

import { connection } from '../state/live.ts';
import { session, signOut } from '../state/session.ts';
import { staleMs } from '../state/status.ts';
import { setTheme, THEMES, type Theme, theme } from '../state/theme.ts';
import { Glossary } from './glossary.tsx';
import { Icon, type IconName } from './icon.tsx';

const LINK_WORDS = {
  connecting: { word: 'Connecting', icon: 'clock' },
  live: { word: 'Live', icon: 'live' },
  lost: { word: 'Connection lost', icon: 'lost' },
} as const;

const THEME_ICONS: Readonly<Record<Theme, IconName>> = { system: 'screen', light: 'sun', dark: 'moon' };

export function SideFoot() {
  // A server that hangs keeps its connections: what it shows grows old all the same.
  const state = staleMs.value === undefined ? connection.value : 'lost';
  const link = LINK_WORDS[state];
  const nextTheme = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? 'system';
  const current = session.value;
  return (
    <div class="side-foot">
      <div class="link-state" data-state={state} role="status">
        <Icon name={link.icon} />
        <span class="hidden-when-narrow">{link.word}</span>
      </div>
      {current.kind === 'in' && (
        <div class="row">
          <span class="hide-narrow wrap">
            {current.actor === current.role ? '' : `${current.actor}, `}
            <b>{current.role}</b>
          </span>
          <span class="row">
            <Glossary />
            <button
              type="button"
              class="button"
              data-kind="plain"
              data-icon-only
              title={`Colours: ${theme.value}. Press for ${nextTheme}.`}
              aria-label={`Colours: ${theme.value}. Change to ${nextTheme}`}
              onClick={() => setTheme(nextTheme)}
            >
              <Icon name={THEME_ICONS[theme.value]} />
            </button>
            <button
              type="button"
              class="button"
              data-kind="plain"
              data-icon-only
              title="Sign out"
              aria-label="Sign out"
              onClick={signOut}
            >
              <Icon name="exit" />
            </button>
          </span>
        </div>
      )}
    </div>
  );
}
