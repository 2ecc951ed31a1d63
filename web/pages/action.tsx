/** One action: what it is, what happened to it, and what it sends. */

import type { Action, ActionSummary } from '../../src/contracts/http/action.ts';
import { summaryOf } from '../../src/contracts/payloads/summary.ts';
import { statusMeaning } from '../../src/contracts/words.ts';
import { At, Failure, Loading, ModeTag, Note, Panel, StatusTag } from '../parts/basics.tsx';
import { DecisionButtons } from '../parts/decide.tsx';
import { Icon } from '../parts/icon.tsx';
import { LastApproved } from '../parts/last-approved.tsx';
import { Timeline } from '../parts/timeline.tsx';
import { isHeld, sentence, shortened } from '../parts/words.ts';
import { ArtifactView, useArtifact } from '../show/artifact.tsx';
import { Json } from '../show/json.tsx';
import { PublishedLink, Receipt } from '../show/receipt.tsx';
import { useSeenSha256 } from '../show/seen-sha256.ts';

import { useResource } from '../state/resource.ts';
import { client } from '../state/session.ts';

export function ActionPage({ id }: { readonly id: string }) {
  const {
    data: action,
    error,
    reload,
  } = useResource(id, () => client.getAction(id), {
    isAbout: (entry) => entry.actionId === id,
    everyMs: 10_000,
  });
  if (!action) {
    return (
      <>
        <h1 tabIndex={-1}>Action</h1>
        <section class="panel">
          {error === undefined ? <Loading what="the action" /> : <Failure error={error} retry={reload} />}
        </section>
      </>
    );
  }
  return <OneAction action={{ ...action, summary: summaryOf(action.type, action.payload) }} reload={reload} />;
}

interface OneActionProps {
  readonly action: Action & ActionSummary;
  readonly reload: () => void;
}

function OneAction({ action, reload }: OneActionProps) {
  const artifact = useArtifact(action);
  const seenSha256 = useSeenSha256(artifact.data);
  return (
    <>
      <div class="page-head">
        <div class="stack">
          <div class="row">
            <StatusTag status={action.status} />
            <ModeTag mode={action.mode} />
            <span class="quiet">{action.type}</span>
          </div>
          <h1 tabIndex={-1} class="wrap">
            {shortened(action.summary, 140)}
          </h1>
          <p>{sentenceOf(action)}</p>
        </div>
        <div class="row">
          {action.status === 'SUCCESS' && action.receipt && <PublishedLink receipt={action.receipt} />}
          <DecisionButtons action={action} onDone={reload} seenSha256={seenSha256} effect={artifact.data?.effect} />
        </div>
      </div>
      {action.waiting && (
        <Note tone={isHeld(action) ? 'warn' : 'idle'} icon="clock">
          <span class="wrap">{sentence(action.waiting)}</span>
          {isHeld(action) && (
            <p>
              It goes on when its account can. <a href="/accounts">Accounts</a>
            </p>
          )}
        </Note>
      )}
      {action.lastError && !isHeld(action) && (
        <Note tone={action.status === 'DLQ' ? 'bad' : 'warn'} icon="warning">
          <span class="wrap">
            {action.dlqReason && <b>{action.dlqReason}: </b>}
            {action.lastError}
          </span>
        </Note>
      )}
      {action.cancelRequested && action.status === 'RUNNING' && (
        <Note tone="warn" icon="slash">
          Cancel was asked for while it runs: it is released if nothing has been sent yet.
        </Note>
      )}
      <div class="columns">
        <div class="stack gap">
          <Panel title="Artifact" note="What is sent in REAL, exactly: the SHA-256 is of these bytes.">
            <ArtifactView action={action} artifact={artifact} />
          </Panel>
          {action.status === 'AWAITING_APPROVAL' && artifact.data && (
            <Panel title="Differences" note="From what was approved or sent last to the same target.">
              <LastApproved action={action} effect={artifact.data.effect} />
            </Panel>
          )}
          {action.receipt && (
            <Panel title="Receipt" note="What the outside world answered.">
              <Receipt receipt={action.receipt} />
            </Panel>
          )}
          <Panel title="Payload" note="What was queued.">
            <Json value={action.payload} label="The payload" />
          </Panel>
        </div>
        <div class="stack gap">
          <Panel title="Facts">
            <Facts action={action} />
          </Panel>
          <Panel title="Timeline">
            <Timeline id={action.id} />
          </Panel>
        </div>
      </div>
    </>
  );
}

function sentenceOf({ status, mode }: Action): string {
  if (status === 'SUCCESS') return mode === 'PROOF' ? 'Proved: nothing was sent.' : 'Sent, and the receipt is stored.';
  return `It ${statusMeaning(status, mode)}.`;
}

function Facts({ action }: { readonly action: Action }) {
  const { approval, temporal } = action;
  return (
    <dl class="facts">
      <dt>Id</dt>
      <dd>
        <code>{action.id}</code>
      </dd>
      <dt>Key</dt>
      <dd>
        <code>{action.idempotencyKey}</code>
      </dd>
      <dt>Lane</dt>
      <dd>
        <a href={`/actions?lane=${encodeURIComponent(action.lane)}`}>{action.lane}</a>
      </dd>
      <dt>Attempts</dt>
      <dd class="number">
        {action.attempts}, at most {action.maxAttempts} a round
      </dd>
      <dt>Priority</dt>
      <dd class="number">{action.priority}</dd>
      <dt>Queued</dt>
      <dd>
        <At iso={action.createdAt} /> by {action.createdBy}
      </dd>
      <dt>Due</dt>
      <dd>
        <At iso={action.runAt} />
      </dd>
      {action.finishedAt && (
        <>
          <dt>Finished</dt>
          <dd>
            <At iso={action.finishedAt} />
          </dd>
        </>
      )}
      {action.promotedFrom && (
        <>
          <dt>Promoted from</dt>
          <dd>
            <a href={`/actions/${action.promotedFrom}`}>
              <code>{action.promotedFrom}</code>
            </a>
          </dd>
        </>
      )}
      <dt>Approval</dt>
      <dd>
        {approval.needed ? 'needed' : 'not needed'}
        {approval.by && approval.at && (
          <>
            , given by {approval.by} at <At iso={approval.at} />
          </>
        )}
        {approval.expires && action.status === 'AWAITING_APPROVAL' && (
          <>
            , runs out at <At iso={approval.expires} />
          </>
        )}
      </dd>
      {temporal.url && isWebAddress(temporal.url) && (
        <>
          <dt>Temporal</dt>
          <dd>
            <a href={temporal.url} target="_blank" rel="noreferrer">
              {temporal.workflowId ?? 'the workflow'} <Icon name="external" />
              <span class="visually-hidden"> (in another tab)</span>
            </a>
          </dd>
        </>
      )}
    </dl>
  );
}

/** Only these become links. */
function isWebAddress(url: string): boolean {
  return /^https?:\/\//u.test(url);
}
