import type { MediaPlaylist, PlaylistSegment } from '../../media/hls/media-playlist.ts';
import type { MultivariantPlaylist } from '../../media/hls/multivariant-playlist.ts';
import { milliseconds, ticksToMilliseconds } from '../../media/time.ts';
import type { Track } from '../../media/track.ts';
import type { RecordedTrack } from './recorded-media.ts';
import { TARGET_DURATION } from './recorded-media.ts';
import { describedTrack, folderOf, initName, type OpenedRecording, type Replay } from './replay.ts';

const AUDIO_GROUP = 'audio';

/** What there is to choose from of a replay; undefined before there is a segment. Addresses are below `base`. */
export function variantsOf(
  opened: readonly OpenedRecording[],
  base: string,
): MultivariantPlaylist | undefined {
  const media = opened.at(-1)?.media;
  const tracks = media?.tracks ?? [];
  const described = (track: Track) => (media ? describedTrack(track, media) : track);
  const video = tracks.find(({ track }) => track.kind === 'video');
  const audio = tracks.find(({ track }) => track.kind === 'audio');
  const main = video ?? audio;
  if (!main || opened.every(({ media }) => media.tracks.every(({ segments }) => segments.length === 0)))
    return undefined;
  const rates = tracks.map(ratesOf);
  const picture = video?.track.kind === 'video' ? video.track : undefined;
  return {
    variants: [
      {
        uri: `${base}${main.track.kind}.m3u8`,
        bandwidth: rates.reduce((sum, { peak }) => sum + peak, 0),
        averageBandwidth: rates.reduce((sum, { average }) => sum + average, 0),
        codecs: tracks.map(({ track }) => described(track).codecString),
        resolution: picture && { width: picture.width, height: picture.height },
        audioGroup: video && audio ? AUDIO_GROUP : undefined,
      },
    ],
    audio:
      video && audio?.track.kind === 'audio'
        ? [
            {
              group: AUDIO_GROUP,
              name: 'Main',
              uri: `${base}audio.m3u8`,
              channels: audio.track.channels,
              isDefault: true,
            },
          ]
        : [],
  };
}

/** The playlist of one track of a replay: it only grows, and is VOD when nothing follows. Addresses are below the replay's. */
export function playlistOfReplay(
  { live }: Replay,
  opened: readonly OpenedRecording[],
  kind: Track['kind'],
): MediaPlaylist {
  const segments = opened.flatMap((recording, index) => segmentsOf(recording, kind, index > 0));
  // Only what other programs recorded has longer ones.
  const longest = Math.max(0, ...segments.map(({ duration }) => duration));
  return {
    targetDuration: milliseconds(Math.max(TARGET_DURATION, Math.round(longest / 1000) * 1000)),
    mediaSequence: 0,
    discontinuitySequence: 0,
    segments,
    type: live ? 'EVENT' : 'VOD',
    ended: !live,
  };
}

function segmentsOf(
  { recording, media }: OpenedRecording,
  kind: Track['kind'],
  follows: boolean,
): PlaylistSegment[] {
  const recorded = media.tracks.find(({ track }) => track.kind === kind);
  if (!recorded) return [];
  const { timescale } = recorded.track;
  const folder = folderOf(recording);
  const map = { uri: `${folder}/${kind}/${initName(media)}` };
  return recorded.segments.map(({ start, duration, byteLength }, index) => ({
    uri: `${folder}/${kind}/${index}.m4s`,
    duration: ticksToMilliseconds(duration, timescale),
    discontinuities: index === 0 && follows ? 1 : 0,
    map,
    parts: [],
    gap: byteLength === 0,
    ...(index === 0 && {
      programDateTime: milliseconds(recording.startedAt + ticksToMilliseconds(start, timescale)),
    }),
  }));
}

/** Bits a second: the highest of any segment, and of all of them. */
export function ratesOf({ track, segments }: RecordedTrack): {
  readonly peak: number;
  readonly average: number;
} {
  let [bytes, length, peak] = [0, 0, 0];
  for (const { duration, byteLength } of segments) {
    const seconds = Math.max(duration / track.timescale, 0.5);
    peak = Math.max(peak, (byteLength * 8) / seconds);
    bytes += byteLength;
    length += duration / track.timescale;
  }
  return { peak: Math.ceil(peak), average: length > 0 ? Math.ceil((bytes * 8) / length) : 0 };
}
