/** What an agent may ask of the API: queue, look, stop. */

import type { AolClient } from '../client/client.ts';

type Looks =
  | 'getAction'
  | 'getArtifact'
  | 'getLogs'
  | 'getNext'
  | 'listActions'
  | 'listAdapters'
  | 'listLogs'
  | 'listTicks'
  | 'session'
  | 'status';

/** The rest of the client is out of the tools' reach: they could not approve or resume if they tried. */
export type AgentClient = Pick<AolClient, Looks | 'enqueue' | 'kill' | 'pause'>;
