/** A live chart. What it shows stands beside it in words too, so that nobody needs the picture. */

import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { theme } from '../state/theme.ts';
import { CHART_HEIGHT, type ChartSeries, chartOptions } from './chart-options.ts';
import { ZONE } from './words.ts';

interface ChartProps {
  readonly label: string;
  readonly series: readonly ChartSeries[];
  /** Seconds since 1970, rising. */
  readonly times: readonly number[];
  /** One list for each series, as long as the times. */
  readonly values: readonly (readonly (number | null)[])[];
}

export function Chart({ label, series, times, values }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const data = useRef<uPlot.AlignedData>([[]]);
  data.current = [times.slice(), ...values.map((list) => list.slice())];
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const made = new uPlot(chartOptions(element, series), data.current, element);
    chart.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: CHART_HEIGHT }));
    watch.observe(element);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const redraw = () => made.redraw(false);
    scheme.addEventListener('change', redraw);
    return () => {
      scheme.removeEventListener('change', redraw);
      watch.disconnect();
      made.destroy();
      chart.current = undefined;
    };
  }, []);
  useEffect(() => {
    chart.current?.setData(data.current);
  }, [times, values]);
  useEffect(() => {
    chart.current?.redraw(false);
  }, [theme.value]);
  return (
    <figure class="chart">
      <div ref={place} class="chart-canvas" role="img" aria-label={label} />
      <figcaption class="legend">
        {series.map(({ name, colour, shape, words }) => (
          <span key={name}>
            <i data-shape={shape} style={{ background: `var(${colour})` }} />
            {name} <b class="number">{words}</b>
          </span>
        ))}
        <span class="quiet">Times of {ZONE}</span>
      </figcaption>
    </figure>
  );
}
