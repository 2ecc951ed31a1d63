/** The start page. In three seconds: is it safe, what is it doing, what waits for me, where is the stop. */

import { useRef } from 'preact/hooks';
import type { LaneStatus } from '../../src/contracts/http/status.ts';
import { QueueChart, TickChart } from '../autonomy/charts.tsx';
import { ControlPanel } from '../autonomy/control-panel.tsx';
import { Counts } from '../autonomy/counts.tsx';
import { Dependencies } from '../autonomy/dependencies.tsx';
import { Lanes } from '../autonomy/lanes.tsx';
import { NextTick } from '../autonomy/next-tick.tsx';
import { RecentLogs } from '../autonomy/recent-logs.tsx';
import { Safety } from '../autonomy/safety.tsx';
import { Failure, Loading, PageHead } from '../parts/basics.tsx';
import { query } from '../state/address.ts';
import { reloadStatus, status, statusError } from '../state/status.ts';

export function AutonomyPage() {
  const current = status.value;
  // Without a choice: the lane in which most waits as the page opens. It stays while one looks.
  const busiest = useRef<string | undefined>(undefined);
  busiest.current ??= current && mostDue(current.lanes);
  if (!current) {
    return (
      <>
        <PageHead title="Autonomy" />
        <section class="panel">
          {statusError.value === undefined ? (
            <Loading what="the status" />
          ) : (
            <Failure error={statusError.value} retry={reloadStatus} />
          )}
        </section>
      </>
    );
  }
  const named = query.value.get('lane') ?? busiest.current;
  const lane = current.lanes.find((one) => one.lane === named) ?? current.lanes[0];
  return (
    <>
      <h1 class="visually-hidden" tabIndex={-1}>
        Autonomy
      </h1>
      <Dependencies dependencies={current.dependencies} />
      <div class="first">
        <Safety status={current} />
        <Counts />
      </div>
      <Lanes lanes={current.lanes} shown={lane?.lane} />
      <div class="columns">
        <div class="stack gap">
          <TickChart />
          <QueueChart />
        </div>
        <div class="stack gap">
          <ControlPanel />
          {lane && <NextTick lane={lane.lane} />}
        </div>
      </div>
      <RecentLogs />
    </>
  );
}

function mostDue(lanes: readonly LaneStatus[]): string | undefined {
  const waits = ({ counts }: LaneStatus) => (counts.PENDING ?? 0) + (counts.RETRY ?? 0);
  return lanes.toSorted((a, b) => waits(b) - waits(a))[0]?.lane;
}
