/** Presses kill again and again while storms go on, and says how it was answered. */

import { setTimeout as delay } from 'node:timers/promises';
import { errorText } from '../../src/domain/errors.ts';
import type { ApiProcess } from './api-process.ts';
import type { Storm } from './storms.ts';

export interface Played {
  readonly storms: readonly string[];
  /** How often kill was pressed, and how it was answered other than by 200. */
  readonly kills: number;
  readonly refused: readonly string[];
  readonly medianMs: number;
  readonly worstMs: number;
  /** How the storms' own calls were answered. */
  readonly answered: readonly Readonly<Record<string, number>>[];
}

const KILL_EVERY_MS = 100;
const MOST_KILLS = 40;

export async function play(api: ApiProcess, storms: readonly Storm[]): Promise<Played> {
  for (const { prepare } of storms) await prepare?.(api);
  const running = storms.map((storm) => storm.start(api));
  let isOver = false;
  const answered = Promise.all(running.map((storm) => storm.answered)).finally(() => {
    isOver = true;
  });
  // The first is sent when the storm has broken out.
  await delay(20);
  const pressed: Promise<Kill>[] = [];
  while (pressed.length < 10 || (!isOver && pressed.length < MOST_KILLS)) {
    pressed.push(kill(api));
    await delay(KILL_EVERY_MS);
  }
  const kills = await Promise.all(pressed);
  const answers = await answered;
  for (const storm of running) storm.stop();
  const times = kills.map(({ ms }) => ms).sort((a, b) => a - b);
  return {
    storms: storms.map(({ name }) => name),
    kills: kills.length,
    refused: kills.flatMap(({ refused }) => refused ?? []),
    medianMs: times[Math.floor(times.length / 2)] ?? 0,
    worstMs: times.at(-1) ?? 0,
    answered: answers,
  };
}

interface Kill {
  readonly ms: number;
  /** Its status and what it said, unless it was done. */
  readonly refused?: string;
}

async function kill(api: ApiProcess): Promise<Kill> {
  const startedAt = performance.now();
  const answer = await api
    .call({
      method: 'POST',
      url: '/v1/control/kill',
      headers: { authorization: `Bearer ${api.tokens.operator}`, 'content-type': 'application/json' },
      payload: '{}',
    })
    .catch(errorText);
  const ms = Math.round(performance.now() - startedAt);
  if (typeof answer === 'string') return { ms, refused: answer };
  return answer.statusCode === 200 ? { ms } : { ms, refused: `${answer.statusCode} after ${ms} ms: ${answer.body}` };
}
