/** The words of the dashboard. docs/glossary.md has the same; a test compares them. */

export const GLOSSARY: readonly (readonly [word: string, meaning: string])[] = [
  ['Action', 'One thing to do: publish a post, send a mail, call a webhook. It is queued once and done once.'],
  ['Lane', 'A queue with its own pace, limits and stop, for example one for each brand.'],
  ['Tick', 'One round of work in a lane: AOL takes the next few actions that are due.'],
  ['PROOF', 'A dry run: AOL makes and stores what would be sent, and sends nothing.'],
  ['REAL', 'Actions are sent. It needs a worker that may send and a lane that an admin has unlocked.'],
  ['Artifact', 'The stored bytes of what is sent. A person looks at them and approves them.'],
  ['SHA-256', 'A fingerprint of the artifact. If the fingerprint is the same, no byte has changed.'],
  ['Approval', 'A person’s yes to one artifact. If its bytes change, the approval no longer counts.'],
  ['Promote', 'To queue for REAL exactly what was proved.'],
  ['Effect', 'What the outside world sees: the post, the mail, the call. One action has one effect.'],
  ['Gate', 'The last check before an effect: flags, lease, approval and budgets must all allow it.'],
  ['Receipt', 'What the provider answered when it accepted the effect.'],
  ['UNCONFIRMED', 'It may or may not have been sent, and AOL could not find out. A person decides.'],
  ['Dead letter', 'An action that failed for good. A person replays it or clears it.'],
  ['Account', 'In whose name something is sent: a handle, an address, a workspace.'],
  ['Key', 'Your name for an action (idempotency key). The same key again answers the same action.'],
  ['Lease', 'The right to work in a lane. One orchestrator holds it; its token grows with each new holder.'],
  ['Redelivery', 'What a second, identical request would do: nothing new (dedupes), no harm, or a second effect.'],
];
