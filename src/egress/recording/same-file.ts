import { sameBytes } from '../../media/codec/configuration.ts';
import { nalLengthSize } from '../../media/mp4/parameter-sets.ts';
import type { AudioTrack, Track, VideoTrack } from '../../media/track.ts';

/**
 * Whether other tracks may go on in the file of these: `yes`, `no`, or `in-band` where only their keyframes' own
 * parameter sets make them decodable there.
 */
export type SameFile = 'yes' | 'in-band' | 'no';

/** Compares the tracks of a file with those of a new epoch (see docs/decisions/0005). */
export function compareTracks(file: readonly Track[], epoch: readonly Track[]): SameFile {
  if (file.length !== epoch.length) return 'no';
  const answers = file.map((track, index) => compareTrack(track, epoch[index]));
  if (answers.includes('no')) return 'no';
  return answers.includes('in-band') ? 'in-band' : 'yes';
}

function compareTrack(file: Track, other: Track | undefined): SameFile {
  if (!other || other.codec !== file.codec || other.timescale !== file.timescale) return 'no';
  if (file.kind === 'audio') return other.kind === 'audio' && sameSound(file, other) ? 'yes' : 'no';
  return other.kind === 'video' ? compareVideo(file, other) : 'no';
}

/** An Opus record may differ in what no decoder needs (pre-skip, gain); an AAC one is all that tells a decoder. */
function sameSound(file: AudioTrack, other: AudioTrack): boolean {
  if (file.sampleRate !== other.sampleRate || file.channels !== other.channels) return false;
  return file.codec === 'opus' || sameBytes(file.configuration, other.configuration);
}

/** Keyframes of VP8, VP9 and AV1 bring all that a decoder needs, whatever their size and level, in one profile and depth. */
function compareVideo(file: VideoTrack, other: VideoTrack): SameFile {
  if (sameBytes(file.configuration, other.configuration)) return 'yes';
  if (file.codec === 'vp8' || file.codec === 'vp9' || file.codec === 'av1') {
    return withoutLevel(file.codecString) === withoutLevel(other.codecString) ? 'yes' : 'no';
  }
  return nalLengthSize(file) === nalLengthSize(other) ? 'in-band' : 'no';
}

/** `vp09.00.30.08` and `av01.0.04M.08`: the level is the third part. */
function withoutLevel(codecString: string): string {
  return codecString
    .split('.')
    .filter((_, index) => index !== 2)
    .join('.');
}
