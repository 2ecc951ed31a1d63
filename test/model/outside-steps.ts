/** What happens to a lane from outside: people decide, flags change, time passes, workers die. */

import fc from 'fast-check';
import type { EngineLane } from './engine.ts';
import { at, type Life, type Move, mostly, pick, step, type WeightedSteps } from './life.ts';
import type { LaneModel } from './model.ts';
import { type Action, isSettled, shaOf } from './parts.ts';

/** What somebody decides about one action; rarely about one that it does not fit. */
function decision(
  kind: string,
  weight: number,
  fits: (action: Action) => boolean,
  engine: (engine: EngineLane, action: Action) => Promise<unknown>,
  model: (model: LaneModel, action: Action) => unknown,
): WeightedSteps {
  return step(kind, weight, fc.record({ pick, wrongly: mostly(97, false, true) }), (life, { pick, wrongly }) => {
    const action = at(
      life.model.actions.filter((one) => wrongly || fits(one)),
      pick,
    );
    return (
      action && {
        words: `somebody says of ${action.name}: ${kind}`,
        engine: () => engine(life.engine, action),
        model: () => model(life.model, action),
      }
    );
  });
}

/** The same, for now or for a time that lies ahead. */
function timed(
  kind: string,
  weight: number,
  fits: (action: Action) => boolean,
  engine: (engine: EngineLane, action: Action, isLater: boolean) => Promise<unknown>,
  model: (model: LaneModel, action: Action, isLater: boolean) => unknown,
): WeightedSteps {
  const drawn = fc.record({ pick, wrongly: mostly(97, false, true), isLater: mostly(60, false, true) });
  return step(kind, weight, drawn, (life, { pick, wrongly, isLater }) => {
    const action = at(
      life.model.actions.filter((one) => wrongly || fits(one)),
      pick,
    );
    return (
      action && {
        words: `somebody says of ${action.name}: ${kind}${isLater ? ', for later' : ''}`,
        engine: () => engine(life.engine, action, isLater),
        model: () => model(life.model, action, isLater),
      }
    );
  });
}

const is = (status: Action['status'], mode?: Action['mode']) => (action: Action) =>
  action.status === status && (mode ?? action.mode) === action.mode;
const isAwaited = is('AWAITING_APPROVAL');
const isWaiting = (action: Action) => isAwaited(action) || is('PENDING')(action);

const decisions: readonly WeightedSteps[] = [
  decision(
    'cancel it',
    3,
    ({ tick, status }) => tick !== undefined || status === 'UNCONFIRMED' || status === 'DLQ',
    (engine, action) => engine.cancel(action),
    (model, action) => model.cancel(action),
  ),
  decision(
    'approved',
    4,
    isAwaited,
    (engine, action) => engine.approve(action, shaOf(action)),
    (model, action) => model.approve(action, shaOf(action)),
  ),
  decision(
    'approved, another artifact',
    1,
    isAwaited,
    (engine, action) => engine.approve(action, 'another'),
    (model, action) => model.approve(action, 'another'),
  ),
  decision(
    'rejected',
    1,
    isAwaited,
    (engine, action) => engine.reject(action),
    (model, action) => model.reject(action),
  ),
  decision(
    'replay it',
    4,
    is('DLQ'),
    (engine, action) => engine.replay(action),
    (model, action) => model.beginAnew(action, 'DLQ'),
  ),
  decision(
    'clear it',
    1,
    is('DLQ'),
    (engine, action) => engine.clear(action),
    (model, action) => model.clear(action),
  ),
  decision(
    'it was sent',
    1,
    is('UNCONFIRMED'),
    (engine, action) => engine.resolve(action, 'sent'),
    (model, action) => model.resolveSent(action),
  ),
  decision(
    'it was not sent',
    4,
    is('UNCONFIRMED'),
    (engine, action) => engine.resolve(action, 'not_sent'),
    (model, action) => model.beginAnew(action, 'UNCONFIRMED'),
  ),
  timed(
    'promote it',
    2,
    is('SUCCESS', 'PROOF'),
    (engine, action, isLater) => engine.promote(action, shaOf(action), isLater),
    (model, action, isLater) => model.promote(action, shaOf(action), isLater),
  ),
  timed(
    'revise it',
    3,
    (action) => isWaiting(action) || is('DLQ')(action),
    (engine, action, isLater) => engine.revise(action, isLater),
    (model, action, isLater) => model.revise(action, isLater),
  ),
  timed(
    'reschedule it',
    3,
    isWaiting,
    (engine, action, isLater) => engine.reschedule(action, isLater),
    (model, action, isLater) => model.reschedule(action, isLater),
  ),
];

/** What the lane is told; where nothing would change, nothing is. */
function change<Name extends keyof LaneModel['flags']>(
  name: Name,
  weight: number,
  values: fc.Arbitrary<LaneModel['flags'][Name]>,
): WeightedSteps {
  return step(name, weight, values, ({ engine, model }, value) => {
    if (model.flags[name] === value) return undefined;
    return {
      words: `${name} = ${value}`,
      engine: () => engine.tell({ [name]: value }),
      model: () => {
        model.flags[name] = value;
        if (name === 'approval_policy') model.policyChanges(model.flags.approval_policy);
      },
    };
  });
}

/** The next attempt of an effect that waits for it in its tick needs a person: the lane's policy changes meanwhile. */
const asksNow = step('approval_policy', 4, mostly(60, 'all', 'first_of_type'), ({ engine, model }, policy) => {
  const { actions, flags } = model;
  if (flags.approval_policy !== 'none' || !actions.some(is('RETRY'))) return undefined;
  return {
    words: `approval_policy = ${policy}, while an effect waits`,
    engine: () => engine.tell({ approval_policy: policy }),
    model: () => model.policyChanges(policy),
  };
});

const changes: readonly WeightedSteps[] = [
  asksNow,
  change('killed', 2, mostly(90, false, true)),
  change('paused', 2, mostly(90, false, true)),
  change('proof_only', 2, mostly(90, false, true)),
  change('approval_policy', 2, mostly(60, 'none', 'first_of_type', 'all')),
  change('max_running', 3, mostly(40, 100, 1, 2)),
  change('max_actions_per_tick', 1, mostly(70, 3, 1, 2)),
];

/** What happens to one of several. */
function passing<Item>(
  kind: string,
  weight: number,
  items: (model: LaneModel) => readonly Item[],
  move: (life: Life, item: Item) => Move,
): WeightedSteps {
  return step(kind, weight, pick, (life, index) => {
    const item = at(items(life.model), index);
    return item === undefined ? undefined : move(life, item);
  });
}

const passings: readonly WeightedSteps[] = [
  passing(
    'due',
    5,
    ({ actions }) =>
      actions.filter((one) => (one.isLater || one.isAhead) && one.status !== 'RUNNING' && !isSettled(one)),
    ({ engine, model }, action) => ({
      words: `the time of ${action.name} comes`,
      engine: () => engine.comesDue(action),
      model: () => model.comesDue(action),
    }),
  ),
  passing(
    'deadline',
    8,
    ({ actions }) => actions.flatMap(({ open }) => (open && !open.isOver ? [open] : [])),
    ({ engine }, open) => ({
      words: `the deadline of attempt ${open.number} of ${open.action.name} passes`,
      engine: () => engine.deadlinePasses(open),
      model: () => {
        open.isOver = true;
      },
    }),
  ),
  passing(
    'claim over',
    2,
    ({ actions }) => actions.filter(({ tick, claimIsOver }) => tick && !claimIsOver),
    ({ engine }, action) => ({
      words: `the claim of ${action.name} runs out`,
      engine: () => engine.claimRunsOut(action),
      model: () => {
        action.claimIsOver = true;
      },
    }),
  ),
  passing(
    'lease over',
    1,
    (model) => (model.owner && !model.leaseIsOver ? [model] : []),
    ({ engine }, model) => ({
      words: 'the lease runs out',
      engine: () => engine.leaseRunsOut(),
      model: () => {
        model.leaseIsOver = true;
      },
    }),
  ),
  passing(
    'approval over',
    1,
    ({ actions }) => actions.filter(isAwaited),
    ({ engine, model }, action) => ({
      words: `nobody approves ${action.name} in its time`,
      engine: () => engine.approvalRunsOut(action),
      model: () => {
        model.reject(action);
      },
    }),
  ),
  passing(
    'tick too long',
    1,
    ({ ticks }) => ticks.filter(({ state }) => state === 'open'),
    ({ engine }, tick) => ({
      words: `${tick.name} lasts too long`,
      engine: () => engine.lastsTooLong(tick),
      model: () => {
        tick.state = 'cut off';
      },
    }),
  ),
  passing(
    'death',
    3,
    ({ ticks, actions }) => ticks.filter((tick) => actions.some((one) => one.tick === tick && one.worker === 'lives')),
    ({ engine, model }, tick) => ({
      words: `the worker of ${tick.name} dies`,
      engine: () => engine.dies(tick),
      model: () => model.dies(tick),
    }),
  ),
];

export const outsideSteps: readonly WeightedSteps[] = [...decisions, ...changes, ...passings];
