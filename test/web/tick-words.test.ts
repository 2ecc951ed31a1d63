/** How a tick ended, in words. */

import { expect, test } from '@jest/globals';
import { tickWords } from '../../web/parts/tick-words.ts';

test.each([
  [{ outcome: 'OK', claimed: 3, failed: 0 }, 'Done', 'good'],
  [{ outcome: 'OK', claimed: 3, failed: 1 }, '1 of 3 failed', 'warn'],
  [{ outcome: 'OK', claimed: 2, failed: 2 }, '2 of 2 failed', 'bad'],
  [{ outcome: 'IDLE', claimed: 0, failed: 0 }, 'Idle', 'idle'],
  [{ outcome: 'OVERRUN', claimed: 3, failed: 3 }, 'Took too long', 'warn'],
  [{ outcome: null, claimed: 1, failed: 0 }, 'Open', 'run'],
  [{ outcome: 'OF A NEWER SERVER', claimed: 1, failed: 1 }, 'OF A NEWER SERVER', 'idle'],
])('%j: %s', (tick, word, tone) => {
  expect(tickWords(tick)).toMatchObject({ word, tone });
});
