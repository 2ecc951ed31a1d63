/** Everything the workflow bundle holds. */
export { orchestrator } from './orchestrator.ts';
export { tick } from './tick.ts';
