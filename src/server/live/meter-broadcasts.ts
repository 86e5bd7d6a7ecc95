import type { Clock } from '../../channel/clock.ts';
import type { Hub } from '../../channel/hub.ts';
import { BitrateMeter } from '../../ingest/session/bitrate-meter.ts';
import type { ServerMetrics } from '../metrics/server-metrics.ts';

/** Answers the bits a second that a channel's broadcast has had over the last seconds; 0 where none is on. */
export type BitrateOf = (channel: string) => number;

/** Measures every broadcast of the hub, for the API and for the metrics. */
export function meterBroadcasts(hub: Hub, clock: Clock, metrics: ServerMetrics): BitrateOf {
  const meters = new Map<string, BitrateMeter>();
  hub.broadcastStarted.add((broadcast) => {
    const meter = new BitrateMeter(clock.now());
    meters.set(broadcast.info.channel, meter);
    metrics.countBroadcast();
    broadcast.tap({
      epoch: () => {},
      chunk: ({ bytes }) => {
        meter.add(bytes.byteLength, clock.now());
        metrics.countReceived(bytes.byteLength);
      },
      end: () => {
        if (meters.get(broadcast.info.channel) === meter) meters.delete(broadcast.info.channel);
      },
    });
  });
  return (channel) => meters.get(channel)?.measure(clock.now()) ?? 0;
}
