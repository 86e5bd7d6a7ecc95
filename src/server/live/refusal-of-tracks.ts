import type { Channel } from '../../channel/channel.ts';
import type { Track } from '../../media/track.ts';

/** Where the pictures of broadcasts can be made into H.264. */
export interface PictureEncoder {
  /** It has been found out; until then nothing is refused. */
  readonly known: boolean;
  /** Why that cannot be had, in words for whoever runs the server; undefined where it can. */
  readonly h264Unavailable: string | undefined;
  /** Why no more pictures than now can be encoded, in words; undefined where they can. */
  readonly crowded: string | undefined;
}

/** Whether readers are given a stand-in for what has such tracks: no browser plays VP8 in segments of MP4. */
export function needsStandIn(tracks: readonly Pick<Track, 'codec'>[]): boolean {
  return tracks.some(({ codec }) => codec === 'vp8');
}

/** Why a publisher with such tracks is not let go live on a channel, in words for that person; undefined where it is. */
export function refusalOfTracks(
  channel: Channel,
  tracks: readonly Pick<Track, 'codec'>[],
  encoder: PictureEncoder,
): string | undefined {
  if (!channel.isShown || !needsStandIn(tracks)) return undefined;
  const { broadcast, watchable } = channel;
  if (broadcast) {
    const goesOn = broadcast !== watchable;
    return goesOn
      ? undefined
      : 'A broadcast that began with another codec cannot go on in VP8: end it, and go live again.';
  }
  const why = encoder.known ? (encoder.h264Unavailable ?? encoder.crowded) : undefined;
  if (why === undefined) return undefined;
  return `VP8 is shown to viewers as H.264, which this server cannot make: ${why}. Send H.264, VP9 or AV1.`;
}
