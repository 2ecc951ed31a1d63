/** What a person can decide about one action, as buttons; each is asked before it is done. */

import type { ActionSummary } from '../../src/contracts/http/action.ts';
import { knownWord } from '../../src/contracts/words.ts';
import { ACTION_STATUSES, canTransition } from '../../src/domain/states.ts';
import { go } from '../state/address.ts';
import { useAdapters } from '../state/catalogue.ts';
import { client, session } from '../state/session.ts';
import { status } from '../state/status.ts';
import { say } from '../state/toasts.ts';
import { ActButton } from './act-button.tsx';
import { ModeTag } from './basics.tsx';
import { Edit, Move, RequestChanges } from './change.tsx';
import { ask } from './confirm.tsx';
import { AskedTime, chosenTime } from './local-time.tsx';
import { WhatGoesWhere } from './what-goes-where.tsx';
import { shortened, statusWords } from './words.ts';

interface DecideProps {
  readonly action: ActionSummary;
  /** After it was done, with what the action is now. */
  readonly onDone: (answer: Pick<ActionSummary, 'status'>) => void;
  /** The SHA-256 that this browser computed from the artifact it shows; approving and promoting need it. */
  readonly seenSha256?: string | undefined;
  /** What was read of the artifact, to be shown once more where it is allowed to be sent. */
  readonly effect?: unknown;
  /** Whether keys press them, as on the page of decisions. */
  readonly hasKeys?: boolean | undefined;
}

export function DecisionButtons({ action, onDone, seenSha256, effect, hasKeys }: DecideProps) {
  const shared = { action, onDone, hasKeys };
  switch (action.status) {
    case 'AWAITING_APPROVAL':
      return (
        <>
          <Approve {...shared} seenSha256={seenSha256} effect={effect} />
          <Reject {...shared} />
          <RequestChanges {...shared} />
          <Edit {...shared} />
          <Move {...shared} />
        </>
      );
    case 'UNCONFIRMED':
      return (
        <>
          <Resolve {...shared} outcome="sent" />
          <Resolve {...shared} outcome="not_sent" />
          <Cancel {...shared} />
        </>
      );
    case 'DLQ':
      return (
        <>
          <Replay {...shared} />
          <Edit {...shared}>Edit and replay</Edit>
          <Cancel {...shared} verb="Clear" />
        </>
      );
    case 'SUCCESS':
      return action.mode === 'PROOF' ? <Promote {...shared} seenSha256={seenSha256} effect={effect} /> : null;
    case 'CANCELLED':
      return null;
    case 'PENDING':
      return (
        <>
          <Edit {...shared} />
          <Move {...shared} />
          <Cancel {...shared} />
        </>
      );
    default:
      return <Cancel {...shared} />;
  }
}

/** Whether cancel would do something. */
export function isCancellable({ status: now }: ActionSummary): boolean {
  const known = knownWord(ACTION_STATUSES, now);
  return known !== undefined && (canTransition(known, 'CANCELLED') || known === 'RUNNING');
}

/** What ended and waits for a person is nobody's own. */
function isOwn({ createdBy, status: now }: ActionSummary): boolean {
  const isForPeople = now === 'DLQ' || now === 'UNCONFIRMED';
  return !isForPeople && session.value.kind === 'in' && session.value.actor === createdBy;
}

function done(what: string, answer: Pick<ActionSummary, 'status'>, onDone: DecideProps['onDone']): void {
  say(`${what}: now ${statusWords(answer.status).word.toLowerCase()}`);
  onDone(answer);
}

function Approve({ action, onDone, seenSha256, effect, hasKeys }: DecideProps) {
  const sha256 = action.artifactSha256;
  const isSeen = sha256 !== null && seenSha256 === sha256;
  return (
    <ActButton
      needs="approve"
      kind="primary"
      icon="check"
      shortcut={hasKeys ? 'a' : undefined}
      disabledBecause={isSeen ? undefined : 'The artifact has not been read and checked yet.'}
      act={() =>
        ask({
          title: 'Approve this?',
          effect: (
            <>
              <p>
                <ModeTag mode={action.mode} /> Exactly this is sent, once. {whenSent(action)}
              </p>
              <WhatGoesWhere action={action} effect={effect} sha256={sha256} />
            </>
          ),
          verb: 'Approve',
          asksReason: true,
          async act(reason) {
            if (sha256 === null) return;
            done('Approved', await client.approve(action.id, { sha256, reason }), onDone);
          },
        })
      }
    >
      Approve
    </ActButton>
  );
}

function whenSent({ lane, runAt }: ActionSummary): string {
  const mode = status.value?.lanes.find((one) => one.lane === lane)?.mode;
  if (mode === 'PROOF') return `Lane ${lane} is PROOF: it waits until the lane is REAL.`;
  return Date.parse(runAt) > Date.now() ? 'It waits for its time.' : 'It goes out as soon as its lane may.';
}

function Reject({ action, onDone, hasKeys }: DecideProps) {
  return (
    <ActButton
      needs="approve"
      kind="danger"
      icon="cross"
      shortcut={hasKeys ? 'r' : undefined}
      act={() =>
        ask({
          title: 'Reject this?',
          effect: (
            <>
              <p class="wrap">
                <b>{shortened(action.summary, 140)}</b>
              </p>
              <p>It is cancelled for good. To change something instead, request changes or edit it.</p>
            </>
          ),
          verb: 'Reject',
          kind: 'danger',
          asksReason: true,
          async act(reason) {
            done('Rejected', await client.reject(action.id, { reason }), onDone);
          },
        })
      }
    >
      Reject
    </ActButton>
  );
}

function Resolve({ action, onDone, outcome }: DecideProps & { readonly outcome: 'sent' | 'not_sent' }) {
  const wasSent = outcome === 'sent';
  return (
    <ActButton
      icon={wasSent ? 'check' : 'retry'}
      act={() =>
        ask({
          title: wasSent ? 'It was sent?' : 'It was not sent?',
          effect: wasSent ? (
            <p>The action becomes Success. Nothing is sent again. Look at the receiver first.</p>
          ) : (
            <p>
              The action goes back to the queue with a new round of attempts, <b>and is sent</b>. If it had been sent
              after all, it is sent twice. Look at the receiver first.
            </p>
          ),
          verb: wasSent ? 'It was sent' : 'Send it again',
          kind: wasSent ? 'primary' : 'danger',
          asksReason: true,
          async act(reason) {
            done('Resolved', await client.resolve(action.id, { outcome, reason }), onDone);
          },
        })
      }
    >
      {wasSent ? 'It was sent' : 'It was not sent'}
    </ActButton>
  );
}

function Replay({ action, onDone }: DecideProps) {
  return (
    <ActButton
      kind="primary"
      icon="retry"
      act={() =>
        ask({
          title: 'Replay this dead letter?',
          effect: <p>AOL tries it again under the same key. The count of attempts goes on.</p>,
          verb: 'Replay',
          asksReason: true,
          async act(reason) {
            done('Replayed', await client.replay(action.id, { reason }), onDone);
          },
        })
      }
    >
      Replay
    </ActButton>
  );
}

function Cancel({ action, onDone, verb = 'Cancel' }: DecideProps & { readonly verb?: 'Cancel' | 'Clear' }) {
  return (
    <ActButton
      needs={isOwn(action) ? 'cancelOwn' : 'cancelAny'}
      kind="danger"
      icon="slash"
      act={() =>
        ask({
          title: `${verb} this action?`,
          effect: (
            <p>
              {action.status === 'RUNNING'
                ? 'It runs now. It is released if nothing has been sent yet; otherwise its outcome stands.'
                : 'It will not be done. That is final.'}
            </p>
          ),
          verb: verb === 'Cancel' ? 'Cancel the action' : 'Clear',
          kind: 'danger',
          asksReason: true,
          async act(reason) {
            done('Cancelled', await client.cancel(action.id, { reason }), onDone);
          },
        })
      }
    >
      {verb}
    </ActButton>
  );
}

function Promote({ action, seenSha256, effect }: DecideProps) {
  const sha256 = action.artifactSha256;
  const isSeen = sha256 !== null && seenSha256 === sha256;
  const lane = status.value?.lanes.find((one) => one.lane === action.lane);
  const adapter = useAdapters().data?.items.find(({ type }) => type === action.type);
  const isUnseen = isSeen ? undefined : 'The artifact has not been read and checked yet.';
  const hindrance = adapter?.performs === false ? `Sending ${action.type} is not built yet.` : isUnseen;
  return (
    <ActButton
      needs="approve"
      icon="real"
      title="Queues a REAL action that may send exactly these bytes"
      disabledBecause={hindrance}
      act={() => {
        let time = '';
        ask({
          title: 'Promote this proof to REAL?',
          effect: (
            <>
              <p>
                <ModeTag mode="REAL" /> A new action is queued that may send exactly this, once.
              </p>
              <WhatGoesWhere action={action} effect={effect} sha256={sha256} />
              <p>
                {lane?.mode === 'REAL'
                  ? `Lane ${action.lane} is REAL: without a time it is sent at the next tick.`
                  : `Lane ${action.lane} is PROOF: it waits until the lane is REAL.`}
              </p>
              <AskedTime
                id="promote-time"
                label="Not before"
                isOptional
                onText={(text) => {
                  time = text;
                }}
              />
            </>
          ),
          verb: 'Promote to REAL',
          kind: 'danger',
          asksReason: true,
          async act(reason) {
            if (sha256 === null) return;
            const chosen = chosenTime(time);
            if (chosen.kind === 'wrong') throw new Error(`The time ${chosen.problem}.`);
            const runAt = chosen.kind === 'right' ? { runAt: chosen.iso } : {};
            const real = await client.promote(action.id, { sha256, ...runAt, reason });
            say('Promoted: this is the REAL action');
            go(`/actions/${real.id}`);
          },
        });
      }}
    >
      Promote to REAL
    </ActButton>
  );
}
