import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatLeaseOwner, heartbeatMs, leaseHealth, leaseLineage, leaseTtlMs } from '../../src/domain/lease.ts';

const owner = { clusterId: 'c', namespace: 'n', workflowId: 'aol/default', firstRunId: 'r1' };

describe('the lease', () => {
  test('owners of one workflow id on one cluster share their lineage, others do not', () => {
    expect(formatLeaseOwner(owner)).toBe('c/n/aol/default/r1');
    expect(formatLeaseOwner({ ...owner, firstRunId: 'r2' }).startsWith(leaseLineage(owner))).toBe(true);
    for (const other of [{ clusterId: 'd' }, { namespace: 'm' }, { workflowId: 'aol/default2' }]) {
      expect(formatLeaseOwner({ ...owner, ...other }).startsWith(leaseLineage(owner))).toBe(false);
    }
  });

  test('lasts three heartbeats: 5 to 60 s with work, 60 s idle', () => {
    expect(leaseTtlMs({ hasWork: true, tickIntervalMs: 5_000 })).toBe(15_000);
    expect(leaseTtlMs({ hasWork: true, tickIntervalMs: 0 })).toBe(15_000);
    expect(leaseTtlMs({ hasWork: true, tickIntervalMs: 3_600_000 })).toBe(180_000);
    expect(leaseTtlMs({ hasWork: false, tickIntervalMs: 0 })).toBe(180_000);
    expect(heartbeatMs({ hasWork: true, tickIntervalMs: 20_000 })).toBe(20_000);
  });

  test.each([
    ['fresh', { ttlMs: 15_000 }, 'GREEN'],
    ['one heartbeat late', { ttlMs: 5_001 }, 'GREEN'],
    ['later than that with nothing to do', { ttlMs: 4_999 }, 'GREEN'],
    ['later than that while work is due', { ttlMs: 4_999, workIsDue: true }, 'AMBER'],
    ['expired with nothing to do, as in a lane that is killed', { ttlMs: -1 }, 'GREEN'],
    ['never held, nothing to do', { ttlMs: null }, 'GREEN'],
    ['never held while work is due', { ttlMs: null, workIsDue: true }, 'RED'],
    ['expired while work is due', { ttlMs: 0, workIsDue: true }, 'RED'],
    ['no worker', { ttlMs: 15_000, workers: 0 }, 'RED'],
  ] as const)('%s: %j is %s', (_, state, health) => {
    expect(leaseHealth({ termMs: 15_000, workIsDue: false, workers: 1, ...state })).toBe(health);
  });

  test('is never healthier with less time left', () => {
    const rank = { GREEN: 2, AMBER: 1, RED: 0 };
    fc.assert(
      fc.property(
        fc.integer({ min: -20_000, max: 15_000 }),
        fc.nat(20_000),
        fc.boolean(),
        (ttlMs, laterMs, workIsDue) => {
          const at = (left: number) => rank[leaseHealth({ ttlMs: left, termMs: 15_000, workIsDue, workers: 1 })];
          expect(at(ttlMs - laterMs)).toBeLessThanOrEqual(at(ttlMs));
        },
      ),
    );
  });
});
