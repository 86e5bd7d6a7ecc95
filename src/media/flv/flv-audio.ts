import { readAacConfiguration } from '../codec/aac.ts';
import { type AudioConfiguration, sameBytes } from '../codec/configuration.ts';
import { opusPacketDuration, readOpusConfiguration } from '../codec/opus.ts';
import type { Sample } from '../sample.ts';
import { MILLISECOND_TIMESCALE, type Ticks, ticks } from '../time.ts';
import type { AudioCodec, AudioTrack } from '../track.ts';
import type { AudioTag } from './audio-tag.ts';
import { forwardTime } from './forward-time.ts';

/** The sound of an FLV stream: its tags' packets as samples, and what they are of. */
export class FlvAudio {
  readonly kind = 'audio';
  #track: AudioTrack | undefined;
  #last: Ticks | undefined;
  /** Length of a packet in seconds, 0 where it is not known. */
  #packetSeconds: (packet: Uint8Array) => number = () => 0;

  /** Undefined until it is known; another object after it changed. */
  get track(): AudioTrack | undefined {
    return this.#track;
  }

  /** What comes is of that kind. Answers whether that is new. Throws MediaError. */
  configure(codec: AudioCodec, record: Uint8Array): boolean {
    const known = this.#track;
    const isKnown = known?.codec === codec && sameBytes(record, known.configuration);
    if (isKnown || record.length === 0) return false;
    this.#track = { kind: 'audio', timescale: MILLISECOND_TIMESCALE, ...this.#open(codec, record) };
    return true;
  }

  /** The sample of a packet at that time; undefined for one that cannot be decoded. */
  read({ codec, data }: Extract<AudioTag, { type: 'frame' }>, time: Ticks): Sample | undefined {
    if (codec !== this.#track?.codec || data.length === 0) return undefined;
    const dts = forwardTime(time, this.#last);
    this.#last = dts;
    const length = this.#packetSeconds(data) * MILLISECOND_TIMESCALE;
    // A rounded length would be worse than none.
    const duration = ticks(Number.isInteger(length) ? length : 0);
    return { dts, pts: dts, duration, keyframe: true, data };
  }

  #open(codec: AudioCodec, record: Uint8Array): Omit<AudioTrack, 'kind' | 'timescale'> {
    if (codec === 'opus') {
      const found = readOpusConfiguration(record);
      this.#packetSeconds = (packet) => opusPacketDuration(packet) / found.sampleRate;
      return trackFields(found);
    }
    const found = readAacConfiguration(record);
    this.#packetSeconds = () => found.samplesPerPacket / found.sampleRate;
    return trackFields(found);
  }
}

function trackFields({ codec, codecString, configuration, sampleRate, channels }: AudioConfiguration) {
  return { codec, codecString, configuration, sampleRate, channels };
}
