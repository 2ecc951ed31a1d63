/** Where people are told of what waits or went wrong, whether it arrives, and a test of it. */

import type { NoticeDestinationStatus, NoticeMessage } from '../../src/contracts/http/notice.ts';
import { count, counted } from '../../src/contracts/words.ts';
import { ActButton } from '../parts/act-button.tsx';
import { At, Empty, Panel, Tag } from '../parts/basics.tsx';
import { ResourceView } from '../parts/resource-view.tsx';
import { Table } from '../parts/table.tsx';
import { shortened, type Tone } from '../parts/words.ts';
import { errorText } from '../state/errors.ts';
import { useResource } from '../state/resource.ts';
import { client } from '../state/session.ts';
import { say } from '../state/toasts.ts';

const SHOWN = 10;
/** No row of the log tells of a notice. */
const EVERY_MS = 3_000;

export function Notices() {
  const notices = useResource('notices', () => client.listNotices({ limit: SHOWN }), {
    isAbout: () => false,
    everyMs: EVERY_MS,
  });
  const isTold = (notices.data?.destinations.length ?? 0) > 0;
  return (
    <Panel
      title="Notices"
      note="Who is told of what waits or went wrong. A link in a notice shows, and decides nothing."
      aside={
        <ActButton
          size="small"
          icon="message"
          disabledBecause={isTold ? undefined : 'No worker has a destination.'}
          act={() => test(notices.reload)}
        >
          Send a test
        </ActButton>
      }
    >
      <ResourceView of={notices} what="notices">
        {({ destinations, items }) => (
          <>
            {isTold ? (
              <Table heads={['Goes to', 'State', 'Waiting', 'Last sent']}>
                {destinations.map((destination) => (
                  <DestinationRow key={destination.destination} of={destination} />
                ))}
              </Table>
            ) : (
              <Empty title="Nobody is told" icon="message">
                Name destinations for each worker:{' '}
                <code class="wrap">AOL_NOTICES=mailto:ops@example.com,slack:#approvals</code>
              </Empty>
            )}
            {items.length > 0 && (
              <details>
                <summary>The last messages ({count(items.length)})</summary>
                <Table heads={['Made', 'Goes to', 'State', 'What']}>
                  {items.map((message) => (
                    <MessageRow key={message.id} message={message} />
                  ))}
                </Table>
              </details>
            )}
          </>
        )}
      </ResourceView>
    </Panel>
  );
}

function DestinationRow({
  of: { destination, failing, waiting, lastSentAt },
}: {
  readonly of: NoticeDestinationStatus;
}) {
  return (
    <tr>
      <td class="wrap">
        <b>{destination}</b>
      </td>
      <td class="wrap">
        {failing === null ? (
          <Tag tone="good" icon="check">
            arrives
          </Tag>
        ) : (
          <>
            <Tag tone="bad" icon="warning">
              does not arrive
            </Tag>{' '}
            since <At iso={failing.since} />, {counted(failing.attempts, 'attempt')}: {shortened(failing.error, 300)}.
            Next attempt <At iso={failing.nextAttemptAt} />
          </>
        )}
      </td>
      <td class="number" data-label="waiting">
        {count(waiting)}
      </td>
      <td data-label="last sent">{lastSentAt === null ? 'never' : <At iso={lastSentAt} />}</td>
    </tr>
  );
}

const STATES: Readonly<Record<string, readonly [word: string, tone: Tone]>> = {
  sent: ['sent', 'good'],
  waiting: ['on its way', 'run'],
  given_up: ['given up', 'bad'],
};

function MessageRow({ message }: { readonly message: NoticeMessage }) {
  const { createdAt, destination, state, subject, error } = message;
  const [word, tone] = STATES[state] ?? [state, 'idle'];
  return (
    <tr>
      <td>
        <At iso={createdAt} />
      </td>
      <td class="wrap">{destination}</td>
      <td>
        <Tag tone={tone}>{word}</Tag>
      </td>
      <td class="wrap">
        {subject}
        {error !== null && <span class="problem"> {shortened(error, 300)}</span>}
      </td>
    </tr>
  );
}

/** How it went is seen in the list within seconds. */
async function test(reload: () => void): Promise<void> {
  try {
    const { destinations } = await client.testNotices();
    say(`A test is on its way to ${counted(destinations.length, 'destination')}`);
    reload();
  } catch (error) {
    say(errorText(error), 'bad');
  }
}
