import { milliseconds, timescale } from '../../media/time.ts';
import type { AudioTrack, VideoTrack } from '../../media/track.ts';
import { type FlvFrame, flvTrackOf } from './flv-track.ts';

const VIDEO: VideoTrack = {
  ...{ kind: 'video', codec: 'avc', codecString: 'avc1.42c01f', timescale: timescale(90_000) },
  ...{ configuration: Uint8Array.of(1, 2, 3), width: 640, height: 360 },
};
const AUDIO: AudioTrack = {
  ...{ kind: 'audio', codec: 'aac', codecString: 'mp4a.40.2', timescale: timescale(48_000) },
  ...{ configuration: Uint8Array.of(0x11, 0x90), sampleRate: 48_000, channels: 2 },
};

/** H.264, 640 × 360, of a made-up configuration. */
export const TEST_VIDEO = flvTrackOf(VIDEO);
/** AAC-LC, 48 kHz, stereo. */
export const TEST_AUDIO = flvTrackOf(AUDIO);

/** A picture of 40 ms at that time; every second begins with a keyframe. */
export function videoFrame(time: number, size = 10): FlvFrame {
  const keyframe = time % 1000 === 0;
  return {
    ...{ track: TEST_VIDEO, time: milliseconds(time), duration: milliseconds(40) },
    ...{ keyframe, startsGroup: keyframe, payload: Uint8Array.of(7) },
    rest: new Uint8Array(size).fill(keyframe ? 1 : 2),
  };
}

/** A packet of sound of 20 ms at that time. */
export function audioFrame(time: number): FlvFrame {
  return {
    ...{ track: TEST_AUDIO, time: milliseconds(time), duration: milliseconds(20) },
    ...{ keyframe: true, startsGroup: false, payload: Uint8Array.of(3), rest: Uint8Array.of(4) },
  };
}

/** Pictures and sound of that stretch, in order. */
export function framesBetween(from: number, to: number): FlvFrame[] {
  const frames: FlvFrame[] = [];
  for (let time = from; time < to; time += 20) {
    if (time % 40 === 0) frames.push(videoFrame(time));
    frames.push(audioFrame(time));
  }
  return frames;
}
