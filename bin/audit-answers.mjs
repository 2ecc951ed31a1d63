/** What npm says of its audits, as one of three: clean, found, unknown. Whatever is not understood is unknown. */

/** @param {string} text what `npm audit --json` printed */
export function parseAudit(text) {
  const answer = parsed(text);
  const counts = answer?.metadata?.vulnerabilities;
  if (answer?.auditReportVersion === undefined || typeof counts?.total !== 'number') return unknown(answer);
  if (counts.total === 0) return { outcome: 'clean', detail: 'none in what is installed for use' };
  const names = Object.values(answer.vulnerabilities ?? {}).map(({ name, severity }) => `${name} (${severity})`);
  return { outcome: 'found', detail: names.join(', ') };
}

/** @param {string} text what `npm audit signatures --json` printed */
export function parseSignatures(text) {
  const answer = parsed(text);
  if (!Array.isArray(answer?.invalid) || !Array.isArray(answer?.missing)) return unknown(answer);
  const bad = [
    ...answer.invalid.map(({ name, version }) => `${name}@${version} (invalid)`),
    ...answer.missing.map(({ name, version }) => `${name}@${version} (missing)`),
  ];
  if (bad.length > 0) return { outcome: 'found', detail: bad.join(', ') };
  return { outcome: 'clean', detail: 'every package has a valid one' };
}

function unknown(answer) {
  const why =
    answer?.error?.summary || answer?.error?.code || answer?.message || 'npm answered something else than its audit';
  return { outcome: 'unknown', detail: `the registry could not be asked, or does not offer it: ${why}` };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
