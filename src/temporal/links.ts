/** Addresses in Temporal's web page. */

/**
 * Builds the address of a run in the web page at `uiUrl`, e.g. `http://127.0.0.1:8233`; null when there is no page. Without a run id
 * the page shows the workflow's last run.
 */
export function temporalLinks(
  uiUrl: string | null,
  namespace: string,
): (workflowId: string, runId: string | null) => string | null {
  if (uiUrl === null) return () => null;
  const base = `${uiUrl.replace(/\/+$/, '')}/namespaces/${encodeURIComponent(namespace)}/workflows`;
  return (workflowId, runId) =>
    `${base}/${encodeURIComponent(workflowId)}${runId === null ? '' : `/${encodeURIComponent(runId)}`}`;
}
