/** Signals, updates and queries of the orchestrator. */

import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { ControlChange, OrchestratorState, TickAnswer } from '../contracts/engine/orchestrator.ts';
import { CONTROL_SIGNAL, STATE_QUERY, TICK_UPDATE, WAKE_SIGNAL } from '../contracts/names.ts';

export const wakeSignal = defineSignal(WAKE_SIGNAL);
export const controlSignal = defineSignal<[ControlChange?]>(CONTROL_SIGNAL);
export const tickUpdate = defineUpdate<TickAnswer>(TICK_UPDATE);
export const stateQuery = defineQuery<OrchestratorState>(STATE_QUERY);
