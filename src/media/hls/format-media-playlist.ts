import { type Milliseconds, milliseconds } from '../time.ts';
import type {
  LowLatency,
  MediaPlaylist,
  PlaylistMap,
  PlaylistPart,
  PlaylistSegment,
  PlaylistSegmentHead,
  SubRange,
} from './media-playlist.ts';

/** `EXT-X-SKIP` asks for this version (rfc8216bis §8); everything else here for less. */
const VERSION = 9;
/** What players stay behind the end, in target durations and in part targets (rfc8216bis §4.4.3.8). */
const HOLD_BACK = 3;
/** From where on segments can be left out, in target durations from the end (rfc8216bis §4.4.3.8). */
const SKIP_BOUNDARY = 6;

/** How a playlist is written. */
export interface MediaPlaylistFormat {
  /** Leave out the segments that the player has (rfc8216bis §6.2.5.1): those beyond the skip boundary, if there are any. */
  readonly skip?: boolean | undefined;
}

/** Writes a media playlist (rfc8216bis §4). With the same model the same text. */
export function formatMediaPlaylist(
  playlist: MediaPlaylist,
  { skip = false }: MediaPlaylistFormat = {},
): string {
  const { lowLatency, segments, ended } = playlist;
  const skipped = skip && canSkip(playlist) ? skippable(playlist) : 0;
  const lines = head(playlist);
  if (skipped > 0) lines.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`);
  // What a player has of a growing file may name it otherwise: the first that is listed says it again.
  let map: PlaylistMap | undefined = skipped > 0 && lowLatency ? segments[skipped - 1]?.map : undefined;
  for (let index = skipped; index < segments.length; index += 1) {
    const segment = segments[index];
    if (!segment) break;
    pushHead(lines, segment, map);
    pushSegment(lines, segment);
    map = segment.map;
  }
  if (ended) lines.push('#EXT-X-ENDLIST');
  else if (lowLatency) pushEdge(lines, lowLatency, map);
  lines.push('');
  return lines.join('\n');
}

function head(playlist: MediaPlaylist): string[] {
  const { targetDuration, mediaSequence, discontinuitySequence, type, lowLatency, ended } = playlist;
  const lines = [
    '#EXTM3U',
    `#EXT-X-VERSION:${VERSION}`,
    `#EXT-X-TARGETDURATION:${Math.ceil(targetDuration / 1000)}`,
  ];
  if (lowLatency) {
    lines.push(`#EXT-X-PART-INF:PART-TARGET=${seconds(lowLatency.partTarget)}`);
    const control = [
      canSkipUntil(playlist),
      `HOLD-BACK=${seconds(milliseconds(HOLD_BACK * targetDuration))}`,
      `PART-HOLD-BACK=${seconds(milliseconds(HOLD_BACK * lowLatency.partTarget))}`,
    ];
    // After the end nothing blocks and nothing is left out.
    const live = ended ? control.slice(1) : ['CAN-BLOCK-RELOAD=YES', ...control];
    lines.push(`#EXT-X-SERVER-CONTROL:${live.join(',')}`);
  } else if (canSkip(playlist)) lines.push(`#EXT-X-SERVER-CONTROL:${canSkipUntil(playlist)}`);
  if (type) lines.push(`#EXT-X-PLAYLIST-TYPE:${type}`);
  lines.push(`#EXT-X-MEDIA-SEQUENCE:${mediaSequence}`);
  if (discontinuitySequence > 0) lines.push(`#EXT-X-DISCONTINUITY-SEQUENCE:${discontinuitySequence}`);
  return lines;
}

/** What only grows is soon long; a plain live one never is. */
const canSkip = ({ lowLatency, type, ended }: MediaPlaylist): boolean =>
  !ended && (lowLatency !== undefined || type === 'EVENT');

const canSkipUntil = ({ targetDuration }: MediaPlaylist): string =>
  `CAN-SKIP-UNTIL=${seconds(milliseconds(SKIP_BOUNDARY * targetDuration))}`;

/** How many of the oldest segments end before the skip boundary. */
function skippable({ segments, targetDuration, lowLatency }: MediaPlaylist): number {
  let distance = lowLatency?.open?.parts.reduce((sum, { duration }) => sum + duration, 0) ?? 0;
  for (let index = segments.length - 1; index >= 0; index -= 1) {
    if (distance >= SKIP_BOUNDARY * targetDuration) return index + 1;
    distance += segments[index]?.duration ?? 0;
  }
  return 0;
}

function pushHead(lines: string[], segment: PlaylistSegmentHead, map: PlaylistMap | undefined): void {
  for (let count = 0; count < segment.discontinuities; count += 1) lines.push('#EXT-X-DISCONTINUITY');
  if (segment.map !== map) {
    const { uri, range } = segment.map;
    lines.push(`#EXT-X-MAP:URI="${uri}"${range ? `,BYTERANGE="${formatRange(range)}"` : ''}`);
  }
  const { programDateTime } = segment;
  if (programDateTime !== undefined) {
    lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(programDateTime).toISOString()}`);
  }
  for (const part of segment.parts) lines.push(formatPart(part));
}

function pushSegment(lines: string[], { uri, duration, range, gap }: PlaylistSegment): void {
  if (gap) lines.push('#EXT-X-GAP');
  lines.push(`#EXTINF:${seconds(duration)},`);
  if (range) lines.push(`#EXT-X-BYTERANGE:${formatRange(range)}`);
  lines.push(uri);
}

function pushEdge(lines: string[], { open, hint, reports }: LowLatency, map: PlaylistMap | undefined): void {
  if (open && open.parts.length > 0) pushHead(lines, open, map);
  if (hint !== undefined) lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${hint}"`);
  for (const { uri, lastSequence, lastPart } of reports) {
    const part = lastPart === undefined ? '' : `,LAST-PART=${lastPart}`;
    lines.push(`#EXT-X-RENDITION-REPORT:URI="${uri}",LAST-MSN=${lastSequence}${part}`);
  }
}

function formatPart({ uri, duration, independent, range }: PlaylistPart): string {
  const bytes = range ? `,BYTERANGE="${formatRange(range)}"` : '';
  return `#EXT-X-PART:DURATION=${seconds(duration)},URI="${uri}"${bytes}${independent ? ',INDEPENDENT=YES' : ''}`;
}

const formatRange = ({ offset, length }: SubRange) => `${length}@${offset}`;

/** To 10 µs: hours of segments add up to less than a frame of error. */
const seconds = (time: Milliseconds) => String(Math.round(time * 100) / 100_000);
