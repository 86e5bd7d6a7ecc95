import type { AudioRendition, MultivariantPlaylist } from '../../media/hls/multivariant-playlist.ts';
import type { Track } from '../../media/track.ts';
import type { Presentation } from '../http/presentation.ts';

const AUDIO_GROUP = 'audio';

/** What there is to play of a presentation now, as measured so far. Addresses are relative to the channel's. */
export function multivariantOf({ id, segmenter }: Presentation): MultivariantPlaylist {
  const playable = segmenter.tracks.filter(({ window }) => window.length > 0);
  const video = playable.find(({ kind }) => kind === 'video');
  const audio = playable.find(({ kind }) => kind === 'audio');
  const main = video ?? audio;
  if (!main) return { variants: [], audio: [] };
  const described = playable.map(({ kind, window }) =>
    window.last?.epoch.tracks.find((track) => track.kind === kind),
  );
  const tracks = described.filter((track) => track !== undefined);
  const picture = tracks.find((track) => track.kind === 'video');
  const sound = tracks.find((track) => track.kind === 'audio');
  const sum = (rate: 'peak' | 'average') =>
    playable.reduce((total, { window }) => total + window.rates[rate], 0);
  return {
    variants: [
      {
        uri: `${id}/${main.kind}.m3u8`,
        bandwidth: sum('peak'),
        averageBandwidth: sum('average'),
        codecs: tracks.map(({ codecString }) => codecString),
        resolution: picture && { width: picture.width, height: picture.height },
        frameRate: video?.window.rates.frameRate,
        audioGroup: video && audio ? AUDIO_GROUP : undefined,
      },
    ],
    audio: video && sound ? [renditionOf(id, sound)] : [],
  };
}

const renditionOf = (id: string, { channels }: Track & { kind: 'audio' }): AudioRendition => ({
  group: AUDIO_GROUP,
  name: 'Main',
  uri: `${id}/audio.m3u8`,
  channels,
  isDefault: true,
});
