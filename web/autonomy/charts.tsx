/** Ticks and the queue over time. */

import { useEffect, useMemo } from 'preact/hooks';
import type { TickList } from '../../src/contracts/http/tick.ts';
import { count, counted, duration } from '../../src/contracts/words.ts';
import { Empty, Loading, Panel } from '../parts/basics.tsx';
import { Chart } from '../parts/chart.tsx';
import type { ChartSeries } from '../parts/chart-options.ts';
import { ResourceView } from '../parts/resource-view.tsx';
import { useResource } from '../state/resource.ts';
import { followQueue, samples } from '../state/samples.ts';
import { client } from '../state/session.ts';

const TICKS_SHOWN = 60;

export function TickChart() {
  const ticks = useResource('ticks', () => client.listTicks({ limit: TICKS_SHOWN }), { everyMs: 5_000 });
  return (
    <Panel title="Ticks" aside={<a href="/ticks">All ticks</a>}>
      <ResourceView of={ticks} what="ticks">
        {(list) =>
          list.items.length === 0 ? (
            <Empty title="No tick yet" icon="ticks">
              The first one comes when a worker runs and something is due.
            </Empty>
          ) : (
            <TickPicture list={list} />
          )
        }
      </ResourceView>
    </Panel>
  );
}

function TickPicture({ list }: { readonly list: TickList }) {
  const { times, values, series, label } = useMemo(() => {
    const rows = list.items.toReversed();
    const sum = (name: 'claimed' | 'succeeded' | 'failed') => rows.reduce((total, tick) => total + tick[name], 0);
    const durations = rows.flatMap(({ claimed, durationMs }) =>
      claimed > 0 && durationMs !== null ? [durationMs] : [],
    );
    const words = { claimed: count(sum('claimed')), succeeded: count(sum('succeeded')), failed: count(sum('failed')) };
    const middle = durations.toSorted((a, b) => a - b)[Math.floor(durations.length / 2)];
    return {
      times: rising(rows.map(({ startedAt }) => Date.parse(startedAt) / 1_000)),
      // Bars stand before each other: what one does not cover of the one behind it is the rest.
      values: [
        rows.map((tick) => tick.claimed),
        rows.map((tick) => tick.succeeded + tick.failed),
        rows.map((tick) => tick.succeeded),
        // A quiet tick lasts until something happens: that is no work.
        rows.map((tick) => (tick.claimed > 0 ? tick.durationMs : null)),
      ],
      series: [
        { name: 'Claimed', colour: '--line-strong', shape: 'bars', words: words.claimed },
        { name: 'Failed', colour: '--bad', shape: 'bars', words: words.failed },
        { name: 'Succeeded', colour: '--good', shape: 'bars', words: words.succeeded },
        {
          name: 'Duration of each',
          colour: '--accent',
          shape: 'line',
          scale: 'ms',
          words: middle === undefined ? '–' : `${duration(middle)} in the middle`,
        },
      ] satisfies readonly ChartSeries[],
      label: `The last ${counted(rows.length, 'tick')}: ${words.claimed} claimed, ${words.succeeded} succeeded, ${words.failed} failed`,
    };
  }, [list]);
  return <Chart label={label} series={series} times={times} values={values} />;
}

/** Ticks of several lanes may start in one moment; a chart needs times that rise. */
function rising(times: readonly number[]): readonly number[] {
  let last = Number.NEGATIVE_INFINITY;
  return times.map((time) => {
    last = Math.max(time, last + 0.001);
    return last;
  });
}

export function QueueChart() {
  useEffect(followQueue, []);
  const list = samples.value;
  const { times, values } = useMemo(
    () => ({
      times: list.map(({ at }) => at),
      values: [
        list.map(({ waiting }) => waiting),
        list.map(({ running }) => running),
        list.map(({ person }) => person),
      ],
    }),
    [list],
  );
  const last = list.at(-1);
  return (
    <Panel title="Queue" aside={<span class="quiet">since this page was opened</span>}>
      {last === undefined || list.length < 2 ? (
        <Loading what="the queue" />
      ) : (
        <Chart
          label={`The queue: ${last.waiting} wait, ${last.running} run, ${last.person} wait for a person`}
          series={[
            { name: 'In the queue', colour: '--accent', shape: 'area', words: count(last.waiting) },
            { name: 'Running', colour: '--good', shape: 'line', words: count(last.running) },
            { name: 'Waits for a person', colour: '--warn', shape: 'line', words: count(last.person) },
          ]}
          times={times}
          values={values}
        />
      )}
    </Panel>
  );
}
