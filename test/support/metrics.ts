/** Reads pages in the text format of Prometheus. */

/** The value of a series, written as `name{label="value"}` with its labels in any order; undefined when it is not there. */
export function sample(page: string, series: string): number | undefined {
  const wanted = canonical(series);
  for (const line of page.split('\n')) {
    const [, name, value] = /^([a-zA-Z_:][^ ]*?(?:\{.*\})?) ([^ ]+)$/.exec(line) ?? [];
    if (name !== undefined && !line.startsWith('#') && canonical(name) === wanted) return Number(value);
  }
  return undefined;
}

function canonical(series: string): string {
  const [, name = '', labels = ''] = /^([^{]+)(?:\{(.*)\})?$/.exec(series) ?? [];
  return `${name}{${labels
    .split(/,(?=[a-z_]+=")/)
    .sort()
    .join(',')}}`;
}

/** The names of all metrics that a page declares, with what a histogram's series are called. */
export function metricNames(page: string): string[] {
  return [...page.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
    type === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  );
}
