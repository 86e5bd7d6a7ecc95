import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../channel/clock.ts';
import { formatManifest } from '../../media/dash/format-manifest.ts';
import { parseDirectives } from '../../media/hls/delivery-directives.ts';
import { formatMediaPlaylist } from '../../media/hls/format-media-playlist.ts';
import { formatMultivariantPlaylist } from '../../media/hls/multivariant-playlist.ts';
import { writeInit } from '../../media/mp4/cmaf-header.ts';
import { type Bytes, type Milliseconds, milliseconds } from '../../media/time.ts';
import type { Track } from '../../media/track.ts';
import { DeliveryError } from '../http/delivery-error.ts';
import { SharedDocument, sendDocument } from '../http/send-document.ts';
import { manifestOfReplay } from './manifest-of-replay.ts';
import { MediaLibrary } from './media-library.ts';
import { playlistOfReplay, variantsOf } from './playlist-of-replay.ts';
import { folderOf, type OpenedRecording, type Replay } from './replay.ts';
import { finishedPeriods, ReplayClock } from './replay-clock.ts';
import { sendRecorded } from './send-recorded.ts';

/** What replays are served with. */
export interface DvrEgressOptions {
  readonly clock: Clock;
  /** Memory for what was found in files; 64 MiB by default. */
  readonly maxBytes?: Bytes;
}

/** An answer of a replay: who asks for it, and how. */
export interface ReplayRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Anybody may have it, and caches may keep it; else only who asked. */
  readonly open: boolean;
  /** The address is this replay's for good; else the channel's next broadcast has it. */
  readonly own: boolean;
}

/** What was last written of a replay, and its clock while it was live. */
interface Written {
  readonly documents: Map<string, { readonly version: string; readonly document: SharedDocument }>;
  clock: ReplayClock | undefined;
}

const HLS = 'application/vnd.apple.mpegurl';
const DASH = 'application/dash+xml';
const PRIVATE = 'private, no-cache';
/** What grows is old with the next segment, and a channel's last broadcast with the next; what is over may be deleted, or closed. */
const LIVE = 'public, max-age=2';
const OVER = 'public, max-age=60';
const MEDIA = 'public, max-age=86400, immutable';
/** Replays whose clocks are kept, and their documents, up to so many bytes; those of the one used last are always kept. */
const MOST_WRITTEN = 200;
const MOST_WRITTEN_BYTES = 32 * 1024 * 1024;
const NAME = /^(?:(init)\.mp4|(init-in-band)\.mp4|(\d{1,9})\.m4s)$/;

/**
 * Broadcasts from their beginning, out of their recordings: while they are on, and afterwards from the same addresses, whatever
 * becomes of the files meanwhile. A broadcast that nobody goes back in costs nothing.
 */
export class DvrEgress {
  readonly #clock: Clock;
  readonly #library: MediaLibrary;
  /** Of replays that were asked for: files are looked at once for all who ask for the same description of one. */
  readonly #opened = new WeakMap<Replay, Promise<OpenedRecording[]>>();
  /** By id; the one used last is the last. */
  readonly #written = new Map<string, Written>();

  constructor(options: DvrEgressOptions) {
    this.#clock = options.clock;
    this.#library = new MediaLibrary(options);
  }

  /** Answers with the multivariant playlist; `base` leads from it to the replay's addresses. Answers the bytes sent. */
  async sendMultivariant(replay: Replay, base: string, asked: ReplayRequest): Promise<number> {
    const opened = await this.#open(replay);
    return this.#send(replay, opened, `index ${base}`, HLS, asked, () => {
      const variants = variantsOf(opened, base);
      if (!variants) throw notYet();
      return formatMultivariantPlaylist(variants);
    });
  }

  /**
   * Answers with the playlist of a track; without what a player has of it where the query asks for that (rfc8216bis §6.2.5.1).
   * Answers the bytes sent. Throws DeliveryError.
   */
  async sendPlaylist(
    replay: Replay,
    kind: Track['kind'],
    query: Readonly<Record<string, unknown>>,
    asked: ReplayRequest,
  ): Promise<number> {
    const directives = parseDirectives(query);
    if (typeof directives === 'string') throw new DeliveryError('invalid-request', directives);
    const skip = directives.skip && replay.live;
    const opened = await this.#open(replay);
    return this.#send(replay, opened, skip ? `${kind} delta` : kind, HLS, asked, () => {
      const playlist = playlistOfReplay(replay, opened, kind);
      if (playlist.segments.length === 0) throw notFound();
      return formatMediaPlaylist(playlist, { skip });
    });
  }

  /** Answers with the DASH manifest; `base` leads from it to the replay's addresses, `timeSource` to the time. */
  async sendManifest(
    replay: Replay,
    base: string,
    timeSource: string,
    asked: ReplayRequest,
  ): Promise<number> {
    const opened = await this.#open(replay);
    return this.#send(replay, opened, `manifest ${base}`, DASH, asked, () => {
      const now = this.#clock.wall();
      const availabilityStart = replay.startedAt;
      const written = this.#writtenOf(replay);
      if (replay.live) written.clock ??= new ReplayClock(availabilityStart);
      const said = replay.live ? written.clock?.periods(opened, now) : written.clock?.finished(opened);
      const periods = said ?? finishedPeriods(opened);
      const manifest = manifestOfReplay(
        replay,
        opened,
        periods,
        { base, timeSource, availabilityStart },
        now,
      );
      if (manifest.periods.length === 0) throw notYet();
      return formatManifest(manifest);
    });
  }

  /** Answers with an init segment or a segment of a recording. Answers the bytes sent. Throws DeliveryError. */
  async sendMedia(
    replay: Replay,
    folder: string,
    kind: Track['kind'],
    name: string,
    { request, response, open }: ReplayRequest,
  ): Promise<number> {
    const [, init, inBand, number] = NAME.exec(name) ?? [];
    if (init === undefined && inBand === undefined && number === undefined)
      throw new DeliveryError('invalid-request', 'There are init.mp4 and {number}.m4s here.');
    const recording = replay.recordings.find((candidate) => folderOf(candidate) === folder);
    if (!recording) throw notFound();
    const { media, file } = await this.#library.open(recording);
    try {
      const track = media.tracks.find((candidate) => candidate.track.kind === kind)?.track;
      if (!track) throw notFound();
      const bytes =
        number === undefined
          ? initBytes(track, inBand !== undefined)
          : await media.locate(kind, Number(number), file);
      if (!bytes) throw notFound();
      // The same samples, in other boxes, once the file is progressive.
      const etag = `"${folder}-${kind}-${init ?? inBand ?? number}-${media.form[0]}"`;
      const answer = { bytes, kind, etag, cacheControl: open ? MEDIA : PRIVATE };
      return await sendRecorded(request, response, file, answer);
    } finally {
      await file.close();
    }
  }

  async #open(replay: Replay): Promise<OpenedRecording[]> {
    const opened = this.#opened.get(replay) ?? this.#openAll(replay);
    this.#opened.set(replay, opened);
    return await opened;
  }

  async #openAll({ recordings }: Replay): Promise<OpenedRecording[]> {
    const opened: OpenedRecording[] = [];
    for (const recording of recordings) {
      const found = await this.#library.open(recording).catch(absent);
      await found?.file.close();
      if (found) opened.push({ recording, media: found.media });
    }
    if (opened.length === 0) throw notFound();
    return opened;
  }

  #send(
    replay: Replay,
    opened: readonly OpenedRecording[],
    name: string,
    type: string,
    { request, response, open, own }: ReplayRequest,
    write: () => string,
  ): number {
    const { documents } = this.#writtenOf(replay);
    const version = versionOf(replay, opened);
    let found = documents.get(name);
    if (found?.version !== version) {
      const tag = `${replay.id}-${name.replace(/[^a-z]/g, '')}-${version}`;
      found = { version, document: new SharedDocument(write(), type, tag) };
      documents.set(name, found);
    }
    const lifetime = replay.live || !own ? LIVE : OVER;
    const sent = sendDocument(request, response, found.document, open ? lifetime : PRIVATE);
    this.#forgetDocuments();
    return sent;
  }

  #forgetDocuments(): void {
    let held = 0;
    for (const [index, { documents }] of [...this.#written.values()].reverse().entries()) {
      for (const { document } of documents.values()) held += document.heldBytes;
      if (index > 0 && held > MOST_WRITTEN_BYTES) documents.clear();
    }
  }

  #writtenOf({ id }: Replay): Written {
    const written = this.#written.get(id) ?? { documents: new Map(), clock: undefined };
    this.#written.delete(id);
    this.#written.set(id, written);
    const [oldest] = this.#written.keys();
    if (this.#written.size > MOST_WRITTEN && oldest !== undefined) this.#written.delete(oldest);
    return written;
  }
}

/** What playlists and manifests say depends on nothing else. */
function versionOf({ live }: Replay, opened: readonly OpenedRecording[]): string {
  const states = opened.map(({ recording, media }) => {
    const count = media.tracks[0]?.segments.length ?? 0;
    return `${recording.id.slice(0, 8)}.${recording.generation}.${count}${media.form[0]}${media.inBandParameterSets ? 'i' : ''}`;
  });
  return `${states.join('_')}${live ? '' : '-e'}`;
}

/** `mehd` would say how long it is: what it says is nothing that players need. */
function initBytes(track: Track, inBandParameterSets: boolean) {
  const head = writeInit(
    [track],
    inBandParameterSets ? { duration: NO_DURATION, inBandParameterSets } : undefined,
  );
  return { head, runs: [], byteLength: head.byteLength };
}

const NO_DURATION: Milliseconds = milliseconds(0);

const notYet = () =>
  new DeliveryError('not-live', 'There is nothing to go back to yet. Try again in a moment.', {
    'retry-after': '2',
  });

/** One that is gone, or cannot be read, is left out of its broadcast. */
function absent(error: unknown): undefined {
  if (!(error instanceof DeliveryError) || error.code !== 'media-not-found') throw error;
}

const notFound = () =>
  new DeliveryError('media-not-found', 'There is nothing of that name in this broadcast.');
