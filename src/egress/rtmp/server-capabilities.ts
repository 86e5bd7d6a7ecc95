import { AUDIO_FOURCC } from '../../media/flv/audio-tag.ts';
import { VIDEO_FOURCC } from '../../media/flv/video-tag.ts';
import { type Amf0Object, type Amf0Value, amf0Property } from '../../media/rtmp/amf0-value.ts';
import type { Track } from '../../media/track.ts';

const FOURCC = { ...VIDEO_FOURCC, ...AUDIO_FOURCC } as const;
/** Enhanced RTMP v2, FourCcInfoMask: what a publisher can do with a codec. */
const CAN_ENCODE = 2;
const NEW_VIDEO = [VIDEO_FOURCC.av1, VIDEO_FOURCC.vp9, VIDEO_FOURCC.hevc, VIDEO_FOURCC.vp8];

/** What `connect` says of codecs beyond H.264 and AAC (Enhanced RTMP v2, "Enhancing NetConnection connect Command"). */
export function announceCodecs(): Amf0Object {
  return {
    fourCcList: NEW_VIDEO,
    videoFourCcInfoMap: Object.fromEntries(NEW_VIDEO.map((fourcc) => [fourcc, CAN_ENCODE])),
    audioFourCcInfoMap: { [AUDIO_FOURCC.opus]: CAN_ENCODE },
  };
}

/** Codecs that a server takes: H.264 and AAC always, others where its answer to `connect` says so. */
export class ServerCapabilities {
  readonly #fourccs: ReadonlySet<string>;

  /** `answers`: the arguments of `_result`. */
  constructor(answers: readonly Amf0Value[]) {
    const fourccs = new Set<string>();
    for (const answer of answers) {
      for (const name of listOf(amf0Property(answer, 'fourCcList'))) fourccs.add(name);
      for (const map of ['videoFourCcInfoMap', 'audioFourCcInfoMap']) {
        for (const name of namesOf(amf0Property(answer, map))) fourccs.add(name);
      }
    }
    this.#fourccs = fourccs;
  }

  /** Whether another server takes the same. */
  equals(other: ServerCapabilities): boolean {
    return (
      this.#fourccs.size === other.#fourccs.size && [...this.#fourccs].every((one) => other.#fourccs.has(one))
    );
  }

  /** Whether a track may be sent as it is. */
  takes({ codec }: Track): boolean {
    if (codec === 'avc' || codec === 'aac') return true;
    return this.#fourccs.has(FOURCC[codec]) || this.#fourccs.has('*');
  }
}

function listOf(value: Amf0Value): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** The codecs that a map gives any capability of. */
function namesOf(value: Amf0Value): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return entries.flatMap(([name, mask]: [string, unknown]) =>
    typeof mask === 'number' && mask > 0 ? [name] : [],
  );
}
