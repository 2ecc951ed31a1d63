/** How uPlot draws our charts. */

import uPlot from 'uplot';
import { duration } from '../../src/contracts/words.ts';

export interface ChartSeries {
  readonly name: string;
  /** A colour of the tokens: `--good`. */
  readonly colour: string;
  readonly shape: 'bars' | 'line' | 'area';
  /** Series of different scales have axes of their own. */
  readonly scale?: 'count' | 'ms';
  /** What stands in the legend: the latest value, or a sum. */
  readonly words: string;
}

export const CHART_HEIGHT = 190;

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
/** Steps of the time axis, in seconds. */
const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 86_400, 604_800];
const COUNT_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000, 1_000_000];

export function chartOptions(element: HTMLElement, series: readonly ChartSeries[]): uPlot.Options {
  const hasMs = series.some(({ scale }) => scale === 'ms');
  const axis = {
    stroke: () => colourOf(element, '--ink-3'),
    grid: { stroke: () => colourOf(element, '--line'), width: 1 },
  };
  const font = `11px ${getComputedStyle(element).fontFamily}`;
  const { bars } = uPlot.paths;
  return {
    width: Math.max(200, element.clientWidth),
    height: CHART_HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    padding: [10, hasMs ? 0 : 12, 0, 0],
    scales: {
      x: { time: true },
      count: { range: (_chart, _low, high) => [0, Math.max(4, Math.ceil(high * 1.15))] },
      ...(hasMs && {
        ms: { range: (_chart: uPlot, _low: number, high: number) => [0, Math.max(20, high * 1.3)] as [number, number] },
      }),
    },
    axes: [
      {
        ...axis,
        font,
        ticks: { show: false },
        grid: { show: false },
        space: 80,
        incrs: TIME_STEPS,
        values: (_chart, splits) => splits.map((split) => clock.format(split * 1_000)),
      },
      {
        ...axis,
        font,
        scale: 'count',
        ticks: { show: false },
        size: 42,
        incrs: COUNT_STEPS,
      },
      ...(hasMs
        ? [
            {
              ...axis,
              font,
              scale: 'ms',
              side: 1 as const,
              ticks: { show: false },
              grid: { show: false },
              size: 58,
              values: (_chart: uPlot, splits: number[]) => splits.map(duration),
            },
          ]
        : []),
    ],
    series: [
      {},
      ...series.map(({ name, colour, shape, scale = 'count' }) => ({
        label: name,
        scale,
        stroke: () => colourOf(element, colour),
        width: shape === 'bars' ? 0 : 1.75,
        points: { show: false },
        spanGaps: shape === 'line',
        ...(shape === 'bars' &&
          bars && { paths: bars({ size: [0.7, 14, 4], align: 0 }), fill: () => colourOf(element, colour) }),
        ...(shape === 'area' && { fill: () => transparent(colourOf(element, colour)) }),
      })),
    ],
  };
}

/** What a colour of the tokens is now: a canvas does not know them. */
function colourOf(element: HTMLElement, token: string): string {
  const probe = element.style.color;
  element.style.color = `var(${token})`;
  const colour = getComputedStyle(element).color;
  element.style.color = probe;
  return colour;
}

function transparent(colour: string): string {
  return colour.replace(/^rgb\((.*)\)$/u, 'rgba($1, 0.16)');
}
