import type { Hub } from '../../channel/hub.ts';
import type { Log } from '../../channel/log.ts';

/** Logs when a broadcast goes live, is interrupted, goes on and ends. */
export function logBroadcasts(hub: Hub, log: Log): void {
  hub.broadcastStarted.add(({ info: { id, channel, title } }) => {
    log.info({ channel, broadcast: id, title }, 'live');
  });
  hub.broadcastChanged.add(({ info: { id, channel }, state, position }) => {
    log.info({ channel, broadcast: id, seconds: Math.round(position / 1000) }, state);
  });
}
