import type { Hub } from '../../channel/hub.ts';
import type { Transcoder } from '../../transcode/transcoder.ts';

/** Makes AAC of every broadcast from its start to its end, whoever wants it: `transcode.aac` is `always`. */
export function keepAac(hub: Hub, transcoder: Transcoder): void {
  hub.broadcastStarted.add((broadcast) => {
    transcoder.aac(broadcast).follow({ epoch: () => {}, chunk: () => {}, end: () => {} });
  });
}
