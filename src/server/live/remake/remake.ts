import { createReadStream } from 'node:fs';
import type { Clock } from '../../../channel/clock.ts';
import { Hub } from '../../../channel/hub.ts';
import type { Log } from '../../../channel/log.ts';
import { type BroadcastRecording, recordBroadcast } from '../../../egress/recording/from-channel.ts';
import type { RecordingCatalog, RecordingExtent } from '../../../egress/recording/recording-catalog.ts';
import type { SentStream } from '../../../ingest/session/session-archive.ts';
import { ToChannel } from '../../../ingest/session/to-channel.ts';
import { DEFAULT_DEMUXER_LIMITS } from '../../../media/demuxer.ts';
import { bytes, milliseconds } from '../../../media/time.ts';

/** What is to be made anew. */
export interface RemakeTask {
  readonly broadcast: string;
  readonly channel: string;
  /** Where it is made: `{folder}/{id}/media.mp4`. It exists. */
  readonly folder: string;
  /** The recordings of the broadcast so far, in their order: what is made is called the same. */
  readonly ids: readonly string[];
  readonly streams: readonly SentStream[];
}

/** A recording that was made. */
export interface RemadeRecording extends RecordingExtent {
  readonly id: string;
  readonly mime: string;
}

const READ_SIZE = 1024 * 1024;

/** Nothing waits: time is the media's own. */
const STANDING: Clock = {
  now: () => milliseconds(0),
  wall: () => milliseconds(Date.now()),
  after: () => ({ cancel: () => {} }),
};

/**
 * Makes the recordings of a broadcast from all that its publishers sent: the same demuxing, packaging and writing as
 * live, on no clock. Rejects when a file cannot be written. A stream that is broken counts up to there.
 */
export async function remake(task: RemakeTask, log: Log): Promise<RemadeRecording[]> {
  const { broadcast: id, channel: name, folder, ids, streams } = task;
  const catalog = new RemadeCatalog();
  const names = ids.values();
  const hub = new Hub({
    clock: STANDING,
    newBroadcastId: () => id,
    groupBuffer: { maxBytes: bytes(0), maxAge: milliseconds(0) },
  });
  let recording: BroadcastRecording | undefined;
  hub.broadcastStarted.add((broadcast) => {
    const newRecordingId = () => names.next().value ?? crypto.randomUUID();
    recording = recordBroadcast(broadcast, { folder, catalog, clock: STANDING, log, newRecordingId });
  });
  const channel = hub.open(name, { reconnectGrace: milliseconds(0) });
  for (const { path, captureDistance } of streams) {
    const input = new ToChannel(channel, {
      takeover: true,
      limits: DEFAULT_DEMUXER_LIMITS,
      clock: STANDING,
      captureDistance: captureDistance ?? undefined,
      onClosed: () => {},
    });
    try {
      for await (const piece of createReadStream(path, { highWaterMark: READ_SIZE })) {
        input.push(piece);
        await recording?.drained();
      }
    } catch (error) {
      log.warn({ path, err: error }, 'what was sent is broken: it counts up to there');
    }
    input.flush();
  }
  hub.close();
  await recording?.closed;
  return catalog.finish();
}

/** Keeps how the recordings ended. */
class RemadeCatalog implements RecordingCatalog {
  readonly #mimes = new Map<string, string>();
  readonly #made = new Map<string, RemadeRecording>();
  #damage: string | undefined;

  async created({ id, mime }: { id: string; mime: string }): Promise<void> {
    this.#mimes.set(id, mime);
  }

  async progressed(): Promise<void> {}

  async completed(id: string, extent: RecordingExtent): Promise<void> {
    this.#made.set(id, { id, mime: this.#mimes.get(id) ?? 'video/mp4', ...extent });
  }

  async damaged(_id: string, _extent: RecordingExtent, reason: string): Promise<void> {
    this.#damage ??= reason;
  }

  /** All of them in the order in which they were begun. Throws when any is not whole. */
  finish(): RemadeRecording[] {
    if (this.#damage !== undefined) throw new Error(this.#damage);
    return [...this.#mimes.keys()].flatMap((id) => this.#made.get(id) ?? []);
  }
}
