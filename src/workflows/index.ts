/** Everything the workflow bundle holds. */
export { notices } from './notices.ts';
export { orchestrator } from './orchestrator.ts';
export { tick } from './tick.ts';
