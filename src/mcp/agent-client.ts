/** What an agent may ask of the API: queue, look, cancel, stop. */

import type { AolClient } from '../client/client.ts';

type Looks =
  | 'getAction'
  | 'getArtifact'
  | 'getLogs'
  | 'getNext'
  | 'listActionSummaries'
  | 'listAdapters'
  | 'listLogs'
  | 'listTicks'
  | 'session'
  | 'status'
  | 'validate'
  | 'wait';

/** The rest of the client is out of the tools' reach. What the token may do is the server's to decide. */
export type AgentClient = Pick<AolClient, Looks | 'cancel' | 'enqueue' | 'kill' | 'pause'>;
