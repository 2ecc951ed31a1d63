/** What reads for a part of the page goes on after it was stopped, whatever was on its way. */

import { beforeEach, expect, jest, test } from '@jest/globals';

// The client of the page asks at its load where the page is.
Object.assign(globalThis, { location: new URL('http://127.0.0.1/') });
const { Reader } = await import('../../web/state/resource.ts');

type Answer = PromiseWithResolvers<string>;

let answers: Answer[];
let reader: InstanceType<typeof Reader<string>>;

beforeEach(() => {
  jest.useFakeTimers();
  answers = [];
  reader = new Reader<string>();
  reader.load = () => {
    const answer = Promise.withResolvers<string>();
    answers.push(answer);
    return answer.promise;
  };
});

const passes = (ms: number) => jest.advanceTimersByTimeAsync(ms);

test('a reading that fails after the stop keeps nobody from asking the same again', async () => {
  reader.ask('status');
  await passes(0);
  reader.stop();
  answers[0]?.reject(new Error('401'));
  await passes(0);
  reader.ask('status');
  await passes(0);
  expect(answers).toHaveLength(2);
  answers[1]?.resolve('fresh');
  await passes(0);
  expect(reader.state.value).toMatchObject({ key: 'status', data: 'fresh', error: undefined });
  reader.refresh();
  await passes(10_000);
  expect(answers).toHaveLength(3);
});

test('asked again while it reads, it takes the answer of the last reading alone, and reads no more often', async () => {
  reader.ask('logs');
  await passes(0);
  reader.ask('logs');
  await passes(0);
  answers[1]?.resolve('second');
  await passes(0);
  answers[0]?.resolve('first');
  await passes(10_000);
  expect(reader.state.value.data).toBe('second');
  expect(answers).toHaveLength(2);
});

test('held still before its first answer, it can be loaded, and followed again', async () => {
  reader.ask('logs');
  await passes(0);
  reader.stop();
  reader.reload();
  await passes(0);
  answers[0]?.resolve('dropped');
  answers[1]?.resolve('loaded');
  await passes(0);
  expect(reader.state.value.data).toBe('loaded');
  reader.ask('logs');
  await passes(0);
  expect(answers).toHaveLength(3);
});
