import { milliseconds } from '../../media/time.ts';
import type { Part, Segment } from '../../package/segment.ts';
import { DeliveryError } from './delivery-error.ts';
import { firstOfEpoch, holdMedia, LONGEST_HOLD } from './hold-media.ts';
import type { Presentation, TrackName } from './presentation.ts';
import type { SharedMedia } from './send-media.ts';
import type { Client } from './waiting-list.ts';

/** One resource of a presentation, as its name in addresses says. */
export type MediaName =
  | { readonly type: 'init'; readonly epoch: number }
  | { readonly type: 'segment'; readonly sequence: number }
  | { readonly type: 'part'; readonly sequence: number }
  /** What leads to an epoch for so many ms: {@link holdMedia}. */
  | { readonly type: 'hold'; readonly epoch: number; readonly length: number };

const NAME = /^(?:init-(\d{1,12})\.mp4|(\d{1,12})\.m4s|part-(\d{1,12})\.m4s|hold-(\d{1,12})-(\d{1,4})\.m4s)$/;

/** Reads a name of {@link formatMediaName}. Throws DeliveryError `invalid-request`. */
export function parseMediaName(name: string): MediaName {
  const [, epoch, segment, part, held, length] = NAME.exec(name) ?? [];
  if (epoch !== undefined) return { type: 'init', epoch: Number(epoch) };
  if (segment !== undefined) return { type: 'segment', sequence: Number(segment) };
  if (part !== undefined) return { type: 'part', sequence: Number(part) };
  if (held !== undefined) return { type: 'hold', epoch: Number(held), length: Number(length) };
  throw new DeliveryError(
    'invalid-request',
    'There are init-{epoch}.mp4, {number}.m4s and part-{number}.m4s here.',
  );
}

/** The last piece of a resource's address, below those of its presentation and its track. */
export function formatMediaName(name: MediaName): string {
  if (name.type === 'init') return `init-${name.epoch}.mp4`;
  if (name.type === 'hold') return `hold-${name.epoch}-${name.length}.m4s`;
  return name.type === 'segment' ? `${name.sequence}.m4s` : `part-${name.sequence}.m4s`;
}

/**
 * The media of that name; waits for the part that comes next, as players ask for it ahead (rfc8216bis §4.4.5.3). Undefined
 * when the client goes away meanwhile. Throws DeliveryError `media-not-found` and those of waiting.
 */
export async function findMedia(
  presentation: Presentation,
  track: TrackName,
  name: MediaName,
  client: Client,
): Promise<SharedMedia | undefined> {
  switch (name.type) {
    case 'init':
      return initOf(presentation, track, name.epoch);
    case 'segment':
      return segmentOf(presentation, track, name.sequence);
    case 'hold':
      return holdOf(presentation, track, name.epoch, name.length);
    case 'part': {
      if (!(await partComes(presentation, track, name.sequence, client))) return undefined;
      return partOf(presentation, track, name.sequence);
    }
  }
}

function initOf(presentation: Presentation, name: TrackName, epoch: number): SharedMedia {
  const init = presentation.init(name, epoch);
  if (!init) throw notFound();
  return { ...shared(presentation, name, `i${epoch}`, [init], init.byteLength), released: () => false };
}

function holdOf(presentation: Presentation, name: TrackName, epoch: number, length: number): SharedMedia {
  const track = presentation.track(name);
  const first = track && firstOfEpoch(track, epoch);
  const media = length <= LONGEST_HOLD && first && holdMedia(first, milliseconds(length));
  if (!media) throw notFound();
  const tag = `h${epoch}.${length}`;
  return { ...shared(presentation, name, tag, [media], media.byteLength), released: () => false };
}

function segmentOf(presentation: Presentation, name: TrackName, sequence: number): SharedMedia {
  const segment = presentation.track(name)?.segment(sequence);
  if (!segment?.complete || segment.gap) throw notFound();
  const released = () => presentation.track(name)?.segment(sequence) !== segment;
  return { ...sharedRun(presentation, name, `s${sequence}`, segment), released };
}

function partOf(presentation: Presentation, name: TrackName, sequence: number): SharedMedia {
  const part = presentation.track(name)?.part(sequence);
  if (!part) throw notFound();
  const released = () => presentation.track(name)?.part(sequence) !== part;
  return { ...sharedRun(presentation, name, `p${sequence}`, part), released };
}

/** False when the client has gone away; at once where there is nothing to wait for. */
async function partComes(
  presentation: Presentation,
  name: TrackName,
  sequence: number,
  client: Client,
): Promise<boolean> {
  const { waiting, longestWait } = presentation;
  const track = presentation.track(name);
  const ended = () => presentation.endedOf(name);
  if (track?.nextPart !== sequence || ended()) return true;
  return await waiting.wait(() => track.nextPart > sequence || ended(), longestWait, client);
}

const sharedRun = (presentation: Presentation, name: TrackName, tag: string, run: Segment | Part) =>
  shared(
    presentation,
    name,
    tag,
    run.chunks.map(({ bytes }) => bytes),
    run.byteLength,
  );

const shared = (
  { id }: Presentation,
  name: TrackName,
  tag: string,
  pieces: readonly Uint8Array[],
  byteLength: number,
) => ({
  pieces,
  byteLength,
  etag: `"${id}-${name}-${tag}"`,
  type: name === 'video' ? ('video/mp4' as const) : ('audio/mp4' as const),
});

const notFound = () => new DeliveryError('media-not-found', 'This is no more, or not yet.');
