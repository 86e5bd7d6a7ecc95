import { type Milliseconds, milliseconds } from '../../media/time.ts';
import type { RelayCommand, RelayReport } from './frame-relay.ts';

/**
 * A video track that stays the same while its source changes, so that a recorder survives it. Where the browser can
 * generate tracks, frames pass through a worker untouched; elsewhere the first source itself is the track, and
 * {@link canChange} is false.
 */
export interface VideoSwitch {
  /** The stable track. */
  readonly track: MediaStreamTrack;
  /** Whether {@link setSource} has an effect. */
  readonly canChange: boolean;
  /** Takes the picture from this track from now on; black for null. The track stays its owner's. */
  setSource(track: MediaStreamTrack | null): void;
  /** Writes a frame now and tells when, on `performance.now()`: a recorder that has just started begins with it. */
  mark(): Promise<Milliseconds>;
  /** Ends the track, unless that is the source itself. Idempotent. */
  close(): void;
}

/** Opens a switch of that size. `undefined` when the browser cannot switch and there is no first source either. */
export function openVideoSwitch(
  size: { readonly width: number; readonly height: number },
  source: MediaStreamTrack | null,
): VideoSwitch | undefined {
  const transforms = trackTransforms();
  if (transforms) {
    const relay = new RelayedSwitch(transforms, size.width, size.height);
    relay.setSource(source);
    return relay;
  }
  return source ? new FixedSwitch(source) : undefined;
}

/** Tracks as streams of frames (W3C mediacapture-transform), as Chromium has them: not in TypeScript's DOM library. */
interface TrackTransforms {
  readonly MediaStreamTrackProcessor: new (init: {
    track: MediaStreamTrack;
  }) => { readonly readable: ReadableStream<VideoFrame> };
  readonly MediaStreamTrackGenerator: new (init: {
    kind: 'video';
  }) => MediaStreamTrack & { readonly writable: WritableStream<VideoFrame> };
}

function trackTransforms(): TrackTransforms | undefined {
  const scope = globalThis as Partial<TrackTransforms>;
  const { MediaStreamTrackProcessor, MediaStreamTrackGenerator } = scope;
  return MediaStreamTrackProcessor && MediaStreamTrackGenerator
    ? { MediaStreamTrackProcessor, MediaStreamTrackGenerator }
    : undefined;
}

/** Through a worker, by MediaStreamTrackProcessor and MediaStreamTrackGenerator. */
class RelayedSwitch implements VideoSwitch {
  readonly canChange = true;
  readonly track: MediaStreamTrack;
  readonly #transforms: TrackTransforms;
  readonly #worker: Worker;
  #marked: PromiseWithResolvers<Milliseconds>[] = [];
  #broken: Error | undefined;

  constructor(transforms: TrackTransforms, width: number, height: number) {
    this.#transforms = transforms;
    const generator = new transforms.MediaStreamTrackGenerator({ kind: 'video' });
    this.track = generator;
    this.#worker = new Worker(new URL('./frame-relay.worker.ts', import.meta.url), { type: 'module' });
    this.#worker.addEventListener('message', ({ data }: MessageEvent<RelayReport>) => {
      const at = milliseconds(data.markedAt - performance.timeOrigin);
      for (const { resolve } of this.#marked.splice(0)) resolve(at);
    });
    this.#worker.addEventListener('error', () => {
      this.#broken = new Error('the worker that relays the picture failed');
      for (const { reject } of this.#marked.splice(0)) reject(this.#broken);
    });
    this.#tell({ type: 'open', sink: generator.writable, width, height }, [generator.writable]);
  }

  setSource(track: MediaStreamTrack | null): void {
    if (!track) {
      this.#tell({ type: 'source', source: null }, []);
      return;
    }
    const { readable } = new this.#transforms.MediaStreamTrackProcessor({ track });
    this.#tell({ type: 'source', source: readable }, [readable]);
  }

  mark(): Promise<Milliseconds> {
    if (this.#broken) return Promise.reject(this.#broken);
    const marked = Promise.withResolvers<Milliseconds>();
    this.#marked.push(marked);
    this.#tell({ type: 'mark' }, []);
    return marked.promise;
  }

  close(): void {
    this.track.stop();
    this.#worker.terminate();
  }

  #tell(command: RelayCommand, transfer: Transferable[]): void {
    this.#worker.postMessage(command, transfer);
  }
}

/** The source's own track: it cannot be changed, and its end is the end. */
class FixedSwitch implements VideoSwitch {
  readonly canChange = false;
  readonly track: MediaStreamTrack;

  constructor(source: MediaStreamTrack) {
    this.track = source;
  }

  setSource(): void {}

  async mark(): Promise<Milliseconds> {
    return milliseconds(performance.now());
  }

  close(): void {}
}
