import type { Distribution } from './distribution.ts';

/** A histogram without labels in the Prometheus text format 0.0.4. */
export function formatHistogram(name: string, help: string, distribution: Distribution): string {
  const buckets = distribution.cumulative.map(
    ({ bound, count }) => `${name}_bucket{le="${bound}"} ${count}\n`,
  );
  return [
    `# HELP ${name} ${help}\n# TYPE ${name} histogram\n`,
    ...buckets,
    `${name}_bucket{le="+Inf"} ${distribution.count}\n`,
    `${name}_sum ${distribution.sum}\n${name}_count ${distribution.count}\n`,
  ].join('');
}
