/** What programs, runs of orchestrators and workers do: queue, claim, prove, ask at the gate, record, leave. */

import fc from 'fast-check';
import { at, type Claimed, type Life, mostly, pick, rarely, step, type WeightedSteps } from './life.ts';
import { isOwned, isSettled, type Outcome, type Run, shaOf, type Tick, type Way } from './parts.ts';

const MOST_ACTIONS = 4;

const enqueue = step(
  'enqueue',
  6,
  fc.record({
    mode: mostly(70, 'REAL', 'PROOF'),
    type: mostly(70, 'MAIL', 'POST'),
    priority: mostly(60, 0, -1, 1),
    maxAttempts: mostly(60, 3, 1, 2),
    needsApproval: rarely,
    provider: mostly(50, 'neither', 'dedupes', 'harmless', 'closed'),
    isLater: mostly(80, false, true),
  }),
  ({ engine, model }, asked) => {
    const own = model.actions.filter(
      ({ promotedFrom, revises }) => promotedFrom === undefined && revises === undefined,
    );
    if (own.length >= MOST_ACTIONS) return undefined;
    const name = `A${own.length + 1}`;
    const { mode, type, ...others } = asked;
    const details = Object.entries(others).map(([key, value]) => `${key} ${value}`);
    return {
      words: `${name} is queued: ${mode}, ${type}, ${details.join(', ')}`,
      engine: () => engine.enqueue(name, asked),
      model: () => {
        model.enqueue(name, asked);
        return { kind: 'created' };
      },
    };
  },
);

const claim = step(
  'claim',
  6,
  fc.record({ who: mostly(80, 'present', 'new', 'old', 'stranger'), again: rarely, proofWorker: rarely, pick }),
  (life, { who, again, proofWorker, pick }) => {
    const { engine, model } = life;
    const isIdle = !model.actions.some(({ status, isLater }) => status === 'PENDING' && !isLater);
    if (isIdle && who === 'present' && !again && pick > 2) return undefined;
    const run = runFor(life, who, pick);
    const earlier = again ? at(ticksOf(life, run), pick) : undefined;
    const name = earlier?.name ?? `T${life.tickCount + 1}`;
    const asked = { name, knownToken: earlier ? earlier.askedWith : run.token, proofWorker };
    let number: number | null = null;
    return {
      words: `${run.name} claims as ${name}${run.lineage === 'here' ? '' : ', on another cluster'}${aside({ proofWorker })}`,
      engine: async () => {
        const claimed = await engine.claim(run, asked);
        number = claimed.number;
        return claimed.answer;
      },
      model: () => {
        if (!earlier) life.tickCount += 1;
        if (!life.runs.includes(run)) life.runs.push(run);
        const answer = model.claim(run, { ...asked, number });
        if (!earlier) remember(life, name);
        return answer;
      },
    };
  },
);

function runFor({ model, runs }: Life, who: string, pick: number): Run {
  const old = runs.filter((run) => run !== model.owner);
  const known = who === 'present' ? model.owner : who === 'old' ? at(old, pick) : undefined;
  const beganAs = runs.length + 1;
  return known ?? { name: `r${beganAs}`, lineage: who === 'stranger' ? 'elsewhere' : 'here', beganAs, token: null };
}

const ticksOf = ({ model }: Life, run: Run) => model.ticks.filter((tick) => tick.run === run);

function remember({ model, claims }: Life, name: string): void {
  for (const action of model.actions) {
    if (action.tick?.name === name && action.mode === 'REAL')
      claims.push({ action, tick: action.tick, said: undefined });
  }
}

const prove = step(
  'prove',
  7,
  fc.record({
    pick,
    ends: fc.tuple(...[1, 2, 3].map(() => mostly(60, 'SUCCESS', 'RETRY', 'rejected'))),
    old: rarely,
  }),
  ({ engine, model }, { pick, ends, old }) => {
    const proofs = model.actions.filter(({ mode }) => mode === 'PROOF');
    const tick = at(
      model.ticks.filter((one) => old || proofs.some((proof) => proof.tick === one)),
      pick,
    );
    if (!tick) return undefined;
    const held = proofs.filter((proof) => (old ? !isSettled(proof) : proof.tick === tick));
    const results = new Map(held.slice(0, ends.length).map((proof, index) => [proof, ends[index] ?? 'SUCCESS']));
    if (results.size === 0) return undefined;
    return {
      words: `${tick.name} proves ${[...results].map(([{ name }, to]) => `${name}: ${to}`).join(', ')}`,
      engine: () => engine.close(tick, results),
      model: () => model.close(tick, results),
    };
  },
);

const takeUp = step('take up', 2, pick, ({ engine, model }, index) => {
  const tick = at(model.ticks.filter(holdsSomething(model.actions)), index);
  return (
    tick && {
      words: `a worker takes ${tick.name} up again`,
      engine: () => engine.takeUp(tick),
      model: () => model.takeUp(tick),
    }
  );
});

const holdsSomething = (actions: Life['model']['actions']) => (tick: Tick) =>
  actions.some((action) => action.tick === tick);

const gate = step(
  'gate',
  20,
  fc.record({ pick, old: rarely, other: rarely, proofWorker: rarely, isShort: mostly(80, false, true) }),
  (life, { other, proofWorker, isShort, ...drawn }) => {
    const claimed = claimFor(life, drawn);
    if (!claimed) return undefined;
    const { action, tick } = claimed;
    const how = { sha256: other ? `${shaOf(action)}, changed` : shaOf(action), proofWorker, isShort };
    return {
      words: `${action.name} asks at the gate under ${tick.name}${aside({ other, proofWorker, isShort })}`,
      engine: () => life.engine.gate(action, tick, how),
      model: () => {
        const said = life.model.gate(action, tick, how);
        claimed.said = { kind: undefined, reason: undefined, receipt: undefined, isOpen: undefined, ...said };
        return said;
      },
    };
  },
);

/** An effect and the tick that holds it, one that is not at work if there is one; or one that held it once. */
function claimFor({ claims }: Life, { pick, old }: { readonly pick: number; readonly old: boolean }) {
  const held = claims.filter(({ action, tick }) => action.tick === tick);
  const idle = held.filter(({ action }) => !isOwned(action));
  return at(old ? claims : idle.length > 0 ? idle : held, pick);
}

const record = step(
  'record',
  12,
  fc.record({
    pick,
    closed: rarely,
    byHolder: rarely,
    kind: mostly(30, 'done', 'not_sent', 'not_sent', 'unknown', 'rejected', 'stopped'),
    isLong: rarely,
    asked: rarely,
    together: rarely,
  }),
  ({ engine, model }, { pick, closed, byHolder, kind, isLong, asked, together }) => {
    const open = model.attempts.filter((one) => one.action.open === one);
    const first = at(closed ? model.attempts : open, pick);
    if (!first) return undefined;
    const attempts = together ? [...new Set([first, ...open])] : [first];
    const settles = asked && (kind === 'done' || kind === 'not_sent');
    const records = attempts.map((attempt) => {
      const tick = (byHolder && attempt.action.tick) || attempt.tick;
      const receipt = `receipt of ${attempt.action.name}, attempt ${attempt.number}`;
      return { attempt, tick, outcome: outcomeOf(kind, isLong, receipt), settles };
    });
    const which = records.map(
      ({ attempt: { number, action, tick }, tick: recording }) =>
        `attempt ${number} of ${action.name} under ${tick.name}, by ${recording.name}`,
    );
    return {
      words: `recorded: ${which.join('; ')}: ${kind}${isLong ? ', with a long wait' : ''}${settles ? ', says the provider' : ''}`,
      engine: () => engine.record(records),
      model: () => records.map((one) => model.record(one.attempt, one.outcome, settles)),
    };
  },
);

function outcomeOf(kind: Outcome['kind'], isLong: boolean, receipt: string): Outcome {
  if (kind === 'done') return { kind, receipt };
  return kind === 'not_sent' || kind === 'unknown' ? { kind, isLong } : { kind };
}

/** Whoever asked at the gate acts on its answer, at once or later; or gives up. */
const leave = step(
  'leave',
  10,
  fc.record({ pick, old: rarely, givesUp: rarely, says: mostly(60, 'nothing', 'it happened', 'it did not') }),
  (life, { givesUp, says, ...drawn }) => {
    const claimed = claimFor(life, drawn);
    const end = claimed && (endAfter(claimed, says) ?? (givesUp ? { way: 'PENDING' as const } : undefined));
    if (!end) return undefined;
    const { action, tick } = claimed;
    const { way, ...how } = end;
    return {
      words: `${tick.name} lets ${action.name} go: ${way}`,
      engine: () => life.engine.leave(action, tick, way, how),
      model: () => life.model.leave(action, tick, way, how),
    };
  },
);

interface End {
  readonly way: Way;
  readonly receipt?: string;
  readonly settles?: boolean;
}

/** What the gate's answer leads to. Where it may have been sent already, the provider may have something to say. */
function endAfter({ said }: Claimed, says: string): End | undefined {
  switch (said?.kind) {
    case 'receipt':
      return { way: 'SUCCESS', receipt: String(said.receipt) };
    case 'unapproved':
      return { way: 'rejected' };
    case 'approval_needed':
      return { way: 'AWAITING_APPROVAL' };
    case 'shut':
      if (said.reason === 'not_due') return { way: 'waits for its time' };
      return { way: said.reason === 'exhausted' ? 'exhausted' : 'PENDING' };
    case 'unsettled':
      // An open one is closed by recording its outcome.
      return said.isOpen ? undefined : settledAs(says);
    default:
      return undefined;
  }
}

function settledAs(says: string): End {
  if (says === 'it happened') return { way: 'SUCCESS', receipt: 'what the provider says', settles: true };
  return says === 'nothing' ? { way: 'UNCONFIRMED' } : { way: 'waits in the queue', settles: true };
}

const ASIDES = {
  other: 'with another artifact',
  proofWorker: 'by a worker in PROOF',
  isShort: 'with a deadline at once',
};

function aside(said: Partial<Record<keyof typeof ASIDES, boolean>>): string {
  const { other, proofWorker, isShort } = said;
  const words = [other && ASIDES.other, proofWorker && ASIDES.proofWorker, isShort && ASIDES.isShort];
  return words.map((one) => (one ? `, ${one}` : '')).join('');
}

export const workerSteps: readonly WeightedSteps[] = [enqueue, claim, prove, takeUp, gate, record, leave];
