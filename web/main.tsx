/** Starts the dashboard. */

import './state/without-eval.ts';
import { render } from 'preact';
import { App } from './app.tsx';
import { followAddress } from './state/address.ts';
import { restoreSession } from './state/session.ts';
import { applyTheme } from './state/theme.ts';

applyTheme();
followAddress();
void restoreSession();
const place = document.getElementById('app');
if (place) {
  place.replaceChildren();
  render(<App />, place);
}
