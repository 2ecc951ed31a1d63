/** One action: what it is, what happened to it, and what it sends. */

import type { Action, ActionSummary } from '../../src/contracts/http/action.ts';
import { summaryOf } from '../../src/contracts/payloads/summary.ts';
import { statusMeaning } from '../../src/contracts/words.ts';
import { At, Failure, Loading, ModeTag, Note, PageHead, Panel, StatusTag } from '../parts/basics.tsx';
import { ChangesRequested } from '../parts/changes-requested.tsx';
import { DecisionButtons } from '../parts/decide.tsx';
import { Icon } from '../parts/icon.tsx';
import { LastApproved } from '../parts/last-approved.tsx';
import { Timeline } from '../parts/timeline.tsx';
import { isHeld, sentence, shortened } from '../parts/words.ts';
import { ArtifactView, useArtifact } from '../show/artifact.tsx';
import { Json } from '../show/json.tsx';
import { plainReason } from '../show/reason.ts';
import { PublishedLink, Receipt } from '../show/receipt.tsx';
import { useSeenSha256 } from '../show/seen-sha256.ts';

import { query } from '../state/address.ts';
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
  const shown = { ...action, summary: summaryOf(action.type, action.payload) };
  return query.value.has('edit') ? <EditAction action={shown} /> : <OneAction action={shown} reload={reload} />;
}

/** Its form is read in when somebody edits. */
function EditAction({ action }: Pick<OneActionProps, 'action'>) {
  const { data, error, reload } = useResource('the form of changes', () => import('../change/form.tsx'), {
    isLive: false,
  });
  return (
    <>
      <PageHead title="Change this action">
        <a class="wrap" href={`/actions/${action.id}`}>
          {shortened(action.summary, 140)}
        </a>
      </PageHead>
      {data && <data.ChangeForm action={action} />}
      {!data && (error === undefined ? <Loading what="the form" /> : <Failure error={error} retry={reload} />)}
    </>
  );
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
          {isHeld(action) && <Release heldBy={action.heldBy} />}
        </Note>
      )}
      <ChangesRequested action={action} />
      {action.revisedBy !== null && (
        <Note tone="idle" icon="edit">
          It was changed: <a href={`/actions/${action.revisedBy}`}>another version</a> is in its place.
        </Note>
      )}
      {action.lastError && !isHeld(action) && (
        <Note tone={action.status === 'DLQ' ? 'bad' : 'warn'} icon="warning">
          <span class="wrap">
            {action.dlqReason && <b>{action.dlqReason}: </b>}
            {plainReason(action.lastError)}
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
          <Panel title="Artifact" note="Exactly what is sent in REAL. The SHA-256 is computed from these bytes.">
            <ArtifactView action={action} artifact={artifact} />
          </Panel>
          {action.status === 'AWAITING_APPROVAL' && artifact.data && (
            <Panel title="Differences" note="Compared with what a person approved last for the same account.">
              <LastApproved action={action} effect={artifact.data.effect} />
            </Panel>
          )}
          {action.receipt && (
            <Panel title="Receipt" note="What the provider answered.">
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
      {action.promotedFrom && <Other name="Promoted from" id={action.promotedFrom} />}
      {action.revises && <Other name="Changed from" id={action.revises} />}
      {action.revisedBy && <Other name="Changed to" id={action.revisedBy} />}
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
            {action.approvalExpiresFirst && ', which is before it is due'}
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

function Other({ name, id }: { readonly name: string; readonly id: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        <a href={`/actions/${id}`}>
          <code>{id}</code>
        </a>
      </dd>
    </>
  );
}

/** Only these become links. */
function isWebAddress(url: string): boolean {
  return /^https?:\/\//u.test(url);
}

/** What lets go of an action that is held, and where. */
function Release({ heldBy }: Pick<Action, 'heldBy'>) {
  if (heldBy?.scope === 'autonomy') {
    return (
      <p>
        It goes on when its type has another level. <a href="/settings">Settings</a>
      </p>
    );
  }
  if (heldBy?.scope === 'action') {
    return (
      <p>
        It goes on when <a href={`/actions/${heldBy.name}`}>the action before it</a> was sent.
      </p>
    );
  }
  return (
    <p>
      It goes on when {heldBy?.scope === 'account' ? 'its account can' : 'there is room'}.{' '}
      <a href="/accounts">Accounts</a>
    </p>
  );
}
