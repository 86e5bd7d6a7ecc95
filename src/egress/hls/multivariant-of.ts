import type { AudioRendition, MultivariantPlaylist } from '../../media/hls/multivariant-playlist.ts';
import type { Presentation } from '../http/presentation.ts';

const AUDIO_GROUP = 'audio';
const AAC_GROUP = 'aac';
const AAC_LC = 'mp4a.40.2';
const MOST_AAC_CHANNELS = 2;
/** Bits a second of AAC in chunks, before any was measured: never less than of the sound it stands for. */
const AAC_RATES = { peak: 170_000, average: 145_000 };

/** What there is to play of a presentation now, as measured so far. Addresses are relative to the channel's. */
export function multivariantOf({ id, segmenter, aac }: Presentation): MultivariantPlaylist {
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
  const variant = {
    uri: `${id}/${main.kind}.m3u8`,
    bandwidth: sum('peak'),
    averageBandwidth: sum('average'),
    codecs: tracks.map(({ codecString }) => codecString),
    resolution: picture && { width: picture.width, height: picture.height },
    frameRate: video?.window.rates.frameRate,
    audioGroup: video && audio ? AUDIO_GROUP : undefined,
  };
  const grouped = video && sound ? [renditionOf(AUDIO_GROUP, `${id}/audio.m3u8`, sound.channels)] : [];
  if (!audio || !sound || !aac?.offered) return { variants: [variant], audio: grouped };
  const rate = (which: 'peak' | 'average') =>
    Math.max(AAC_RATES[which], aac.track?.window.rates[which] ?? 0, audio.window.rates[which] + 1);
  // Behind the other one, and never of less bits: players that know both take the first.
  const inAac = {
    ...variant,
    uri: video ? variant.uri : `${id}/aac.m3u8`,
    bandwidth: variant.bandwidth - audio.window.rates.peak + rate('peak'),
    averageBandwidth: variant.averageBandwidth - audio.window.rates.average + rate('average'),
    codecs: [...(picture ? [picture.codecString] : []), AAC_LC],
    audioGroup: video && AAC_GROUP,
  };
  const channels = Math.min(sound.channels, MOST_AAC_CHANNELS);
  if (video) grouped.push(renditionOf(AAC_GROUP, `${id}/aac.m3u8`, channels));
  return { variants: [variant, inAac], audio: grouped };
}

const renditionOf = (group: string, uri: string, channels: number): AudioRendition => ({
  group,
  name: 'Main',
  uri,
  channels,
  isDefault: true,
});
