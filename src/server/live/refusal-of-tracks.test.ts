import { describe, expect, it } from 'vitest';
import { Broadcast } from '../../channel/broadcast.ts';
import { DEFAULT_GROUP_BUFFER, Hub } from '../../channel/hub.ts';
import { ManualClock } from '../../channel/manual-clock.ts';
import { milliseconds, timescale } from '../../media/time.ts';
import type { Track, VideoTrack } from '../../media/track.ts';
import { needsStandIn, refusalOfTracks } from './refusal-of-tracks.ts';

const VP8: VideoTrack = {
  ...{ kind: 'video', codec: 'vp8', codecString: 'vp08.00.21.08', timescale: timescale(1000) },
  ...{ configuration: new Uint8Array(12), width: 64, height: 48 },
};
const VP9: VideoTrack = { ...VP8, codec: 'vp9', codecString: 'vp09.00.21.08' };
const FFMPEG = { known: true, h264Unavailable: undefined, crowded: undefined };
const NO_FFMPEG = { ...FFMPEG, h264Unavailable: 'there is no ffmpeg that runs' };
const CROWDED = { ...FFMPEG, crowded: '8 are running already' };

function channelWith({ live = true, began = [] as readonly Track[] } = {}) {
  const hub = new Hub({
    ...{ clock: new ManualClock(), newBroadcastId: () => 'b' },
    standIn: ({ info }, { tracks }) =>
      needsStandIn(tracks) ? new Broadcast(info, DEFAULT_GROUP_BUFFER) : undefined,
  });
  const channel = hub.open('main', { reconnectGrace: milliseconds(0), live });
  const epoch = { index: 0, tracks: began, init: new Uint8Array(), mime: '' };
  if (began.length > 0) channel.publish().epoch(epoch);
  return channel;
}

describe('a publisher of VP8', () => {
  it('goes live where its picture can be made into H.264', () => {
    expect(refusalOfTracks(channelWith(), [VP8], FFMPEG)).toBeUndefined();
  });

  it('is refused where it cannot, once that is known', () => {
    expect(refusalOfTracks(channelWith(), [VP8], NO_FFMPEG)).toBe(
      'VP8 is shown to viewers as H.264, which this server cannot make: there is no ffmpeg that runs. Send H.264, VP9 or AV1.',
    );
    expect(refusalOfTracks(channelWith(), [VP8], { ...NO_FFMPEG, known: false })).toBeUndefined();
    expect(refusalOfTracks(channelWith(), [VP9], NO_FFMPEG)).toBeUndefined();
    expect(refusalOfTracks(channelWith(), [VP8], CROWDED)).toContain('8 are running already');
  });

  it('needs no ffmpeg on a channel that is only recorded', () => {
    expect(refusalOfTracks(channelWith({ live: false }), [VP8], NO_FFMPEG)).toBeUndefined();
  });

  it('goes on with a broadcast that began in VP8, and with no other', () => {
    expect(refusalOfTracks(channelWith({ began: [VP8] }), [VP8], CROWDED)).toBeUndefined();
    expect(refusalOfTracks(channelWith({ began: [VP9] }), [VP8], FFMPEG)).toMatch(
      /^A broadcast that began with another codec/,
    );
  });
});
