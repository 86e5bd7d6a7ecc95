import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import { Hub } from '../../channel/hub.ts';
import { SyncBatch } from '../../disk/sync-batch.ts';
import { syncFolder } from '../../disk/sync-folder.ts';
import { PublishSessions } from '../../ingest/session/publish-sessions.ts';
import { milliseconds } from '../../media/time.ts';
import { mostListed } from '../../package/segment-window.ts';
import { Transcoder } from '../../transcode/transcoder.ts';
import { groupBufferLimits, publishLimits, segmentLimits } from '../config/limits.ts';
import { RecordingArchive } from '../live/recording-archive.ts';
import { Recordings } from '../live/recordings.ts';
import { needsStandIn, refusalOfTracks } from '../live/refusal-of-tracks.ts';
import { SyncFigures } from '../metrics/sync-figures.ts';
import type { Foundation } from './foundation.ts';

/** Where media comes in and is kept: the hub, the publishers' sessions with their journals, the recordings. */
export interface Intake {
  readonly hub: Hub;
  /** For what comes in that no player has the codec of, and for what goes out. Whoever uses it last closes it. */
  readonly transcoder: Transcoder;
  readonly recordings: Recordings;
  readonly sessions: PublishSessions;
  /** How long syncs take. */
  readonly syncs: SyncFigures;
  /** Ends sessions, broadcasts, then recordings. Viewers of the broadcasts go before. */
  close(): Promise<void>;
  /** Gives up the disk: once nothing writes any more. */
  closeDisk(): Promise<void>;
}

const DAY = 24 * 60 * 60_000;

/** Opens it; what the last process left is not restored yet. */
export async function openIntake({ config, logger, clock, store, data }: Foundation): Promise<Intake> {
  const { durability, minFree, finalise, keepUnfinished, syncInterval } = config.recording;
  const groupBuffer = groupBufferLimits(config);
  const kept = mostListed(segmentLimits(config));
  const transcoder = new Transcoder({ settings: config.transcode, clock, log: logger, kept });
  const hub = new Hub({
    ...{ clock, newBroadcastId: randomUUID, groupBuffer },
    standIn: (broadcast, { tracks }, wake) =>
      needsStandIn(tracks) ? transcoder.standIn(broadcast, groupBuffer, wake) : undefined,
  });
  const syncs = new SyncFigures(logger);
  const interval = milliseconds(syncInterval);
  const sync = durability === 'power' ? new SyncBatch({ clock, interval, observer: syncs }) : undefined;
  // The folders in it may be new: what is made durable in them is to be found after a power loss.
  if (sync) await syncFolder(config.data);
  // Where the folder above cannot be read it was not this process that made ours in it.
  if (sync) await syncFolder(dirname(config.data)).catch(() => {});
  const recordings = new Recordings({
    ...{ store, hub, clock, logger, minFree, finalise },
    folder: data.recordings,
    quota: config.recording,
    journals: {
      kept: () => sessions.keptJournals(),
      drop: (broadcast) => sessions.dropJournals(broadcast),
    },
    sync: sync !== undefined,
  });
  const sessions = new PublishSessions({
    ...{ clock, sync },
    log: logger,
    limits: publishLimits(config),
    journalFolder: data.journal,
    keepUnfinished: keepUnfinished * DAY,
    recordingOf: (broadcast) => recordings.of(broadcast),
    refusalOf: (channel, tracks) => refusalOfTracks(channel, tracks, transcoder),
    archive: new RecordingArchive({ store, recordings, logger, folder: data.recordings, minFree }),
  });
  return {
    ...{ hub, transcoder, recordings, sessions, syncs },
    async close() {
      await sessions.close();
      hub.close();
    },
    async closeDisk() {
      await recordings.close();
      await sync?.close();
    },
  };
}
