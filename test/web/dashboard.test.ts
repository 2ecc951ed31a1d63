/** The dashboard in a real browser, on the real stack. One of each serves all tests, so they stand in one file's run. */

import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { accountTests } from './accounts.ts';
import { actionTests } from './actions.ts';
import { autonomyTests } from './autonomy.ts';
import { calendarTests } from './calendar.ts';
import { changeTests } from './change.ts';
import { comparedTests } from './compared.ts';
import { decisionTests } from './decisions.ts';
import { findingTests } from './finding.ts';
import { firstVisitTests } from './first-visit.ts';
import { formTests } from './forms.ts';
import { lateTests } from './late.ts';
import { lookTests } from './looks.ts';
import { manyTests } from './many.ts';
import { noticeTests } from './notices.ts';
import { otherPageTests } from './other-pages.ts';
import { peopleTests } from './people.ts';
import { previewTests } from './previews.ts';
import { speedTests } from './speed.ts';
import { startSuite, stopSuite, suite, unstop } from './suite.ts';

// Starting the browser, the stack and a scene on it takes longer than a test.
jest.setTimeout(60_000);

beforeAll(startSuite, 120_000);
afterEach(unstop);
afterAll(stopSuite, 60_000);

// In this order: the first visit sees an empty queue; looks are looked at while each page holds some rows of each kind, and not hundreds.
firstVisitTests();
autonomyTests();
lookTests();
actionTests();
decisionTests();
manyTests();
lateTests();
changeTests();
comparedTests();
accountTests();
previewTests();
otherPageTests();
calendarTests();
findingTests();
formTests();
peopleTests();
noticeTests();
speedTests();

test('no page complained of anything: no script failed, and its policy had nothing to refuse', () => {
  expect(suite.troubles).toEqual([]);
});
