import { expect, test } from 'vitest';
import { StorageError } from '../../disk/storage-error.ts';
import { milliseconds } from '../../media/time.ts';
import { formatHistogram } from './format-histogram.ts';
import { SyncFigures } from './sync-figures.ts';

test('syncs are counted by how long they took, as Prometheus has its histograms', () => {
  const logged: object[] = [];
  const log = { info() {}, warn() {}, error: (fields: object) => logged.push(fields) };
  const figures = new SyncFigures(log);
  figures.synced(milliseconds(1), milliseconds(500));
  figures.synced(milliseconds(30), milliseconds(500));
  figures.synced(milliseconds(60_000), milliseconds(60_500));
  const error = new StorageError('a', new Error('EIO'));
  figures.failed(error);
  expect(figures.failures).toBe(1);
  expect(logged).toEqual([{ err: error }]);
  const lines = formatHistogram('x_seconds', 'What it is', figures.latency).trimEnd().split('\n');
  expect(lines.slice(0, 3)).toEqual([
    '# HELP x_seconds What it is',
    '# TYPE x_seconds histogram',
    'x_seconds_bucket{le="0.001"} 1',
  ]);
  expect(lines).toContain('x_seconds_bucket{le="0.025"} 1');
  expect(lines).toContain('x_seconds_bucket{le="0.05"} 2');
  expect(lines.slice(-4)).toEqual([
    'x_seconds_bucket{le="30"} 2',
    'x_seconds_bucket{le="+Inf"} 3',
    'x_seconds_sum 60.031',
    'x_seconds_count 3',
  ]);
  expect(formatHistogram('x', 'y', figures.age)).toContain('x_bucket{le="0.5"} 2\n');
});
