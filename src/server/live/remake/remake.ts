import { createReadStream } from 'node:fs';
import type { Channel } from '../../../channel/channel.ts';
import type { Clock } from '../../../channel/clock.ts';
import { Hub } from '../../../channel/hub.ts';
import type { Log } from '../../../channel/log.ts';
import { type BroadcastRecording, recordBroadcast } from '../../../egress/recording/from-channel.ts';
import type { RecordingCatalog, RecordingExtent } from '../../../egress/recording/recording-catalog.ts';
import type { SentStream } from '../../../ingest/session/session-archive.ts';
import { ToChannel } from '../../../ingest/session/to-channel.ts';
import type { DemuxerLimits } from '../../../media/demuxer.ts';
import { bytes, type Milliseconds, milliseconds } from '../../../media/time.ts';

/** What is to be made anew. */
export interface RemakeTask {
  readonly broadcast: string;
  readonly channel: string;
  /** Where it is made: `{folder}/{id}/media.mp4`. It exists. */
  readonly folder: string;
  /** The recordings of the broadcast so far, in their order: what is made is called the same. */
  readonly ids: readonly string[];
  readonly streams: readonly Pick<SentStream, 'path' | 'openedAt' | 'captureDistance'>[];
  readonly limits: DemuxerLimits;
}

/** A recording that was made. */
export interface RemadeRecording extends RecordingExtent {
  readonly id: string;
  readonly mime: string;
}

const READ_SIZE = 1024 * 1024;

/** Nothing waits: time is the media's own. Each stream has it as if it had come as it was made, from its beginning on. */
class MediaClock implements Clock {
  readonly #channel: () => Channel;
  #distance = 0;

  constructor(channel: () => Channel) {
    this.#channel = channel;
  }

  now(): Milliseconds {
    return milliseconds(0);
  }

  wall(): Milliseconds {
    return milliseconds(this.#position + this.#distance);
  }

  after(): { cancel(): void } {
    return { cancel: () => {} };
  }

  /** A stream begins that began then. */
  begin(openedAt: number): void {
    this.#distance = openedAt - this.#position;
  }

  get #position(): number {
    return this.#channel().broadcast?.position ?? 0;
  }
}

/**
 * Makes the recordings of a broadcast from all that its publishers sent: the same demuxing, packaging and writing as
 * live, on no clock. Rejects when a file cannot be written. A stream that is broken counts up to there.
 */
export async function remake(task: RemakeTask, log: Log): Promise<RemadeRecording[]> {
  const { broadcast: id, channel: name, folder, ids, streams, limits } = task;
  const clock: MediaClock = new MediaClock(() => channel);
  const catalog = new RemadeCatalog();
  const names = ids.values();
  const hub = new Hub({
    clock,
    newBroadcastId: () => id,
    groupBuffer: { maxBytes: bytes(0), maxAge: milliseconds(0) },
  });
  let recording: BroadcastRecording | undefined;
  hub.broadcastStarted.add((broadcast) => {
    const newRecordingId = () => names.next().value ?? crypto.randomUUID();
    recording = recordBroadcast(broadcast, { folder, catalog, clock, log, newRecordingId });
  });
  const channel = hub.open(name, { reconnectGrace: milliseconds(0) });
  for (const { path, openedAt, captureDistance } of streams) {
    clock.begin(openedAt);
    const input = new ToChannel(channel, {
      takeover: true,
      limits,
      clock,
      captureDistance: captureDistance ?? undefined,
      onClosed: () => {},
    });
    input.replaying = true;
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
