/** From a payload's schema to fields, and back to a payload. */

import { expect, test } from '@jest/globals';
import { findContract } from '../../src/contracts/payloads/index.ts';
import { fieldsOf, payloadOf } from '../../web/enqueue/schema.ts';

const contract = findContract('CALL_WEBHOOK');
const fields = fieldsOf(contract?.jsonSchema ?? {}, contract?.example);

test.each([
  ['24h', '24h'],
  [' 24h ', '24h'],
  ['true', true],
  ['false', false],
  ['soon', 'soon'],
])('what may be yes, no or a text is typed as it is: %j', (typed, dedupes) => {
  expect(fields.find(({ name }) => name === 'dedupes')).toMatchObject({ kind: 'yes-no-or-text', isRequired: false });
  const { payload, problems } = payloadOf(fields, { url: 'https://a.example/', body: '1', dedupes: typed });
  expect({ payload, problems }).toEqual({
    payload: { url: 'https://a.example/', method: 'POST', body: 1, dedupes },
    problems: [],
  });
});
