import { readAmf0 } from '../rtmp/amf0-reader.ts';
import { amf0Property } from '../rtmp/amf0-value.ts';
import { RtmpError } from '../rtmp/rtmp-error.ts';
import type { Track } from '../track.ts';

const PROPERTIES = { video: ['videocodecid', 'width'], audio: ['audiocodecid', 'audiosamplerate'] } as const;

/**
 * What `onMetaData` says will come (Adobe FLV specification 10.1, §E.5); undefined for other script data, and for what
 * cannot be read: it is only a hint.
 */
export function readAnnouncedKinds(script: Uint8Array): ReadonlySet<Track['kind']> | undefined {
  try {
    const [name, metadata] = readAmf0(script);
    if (name !== 'onMetaData') return undefined;
    const kinds = (['video', 'audio'] as const).filter((kind) =>
      PROPERTIES[kind].some((property) => amf0Property(metadata, property) !== undefined),
    );
    return kinds.length > 0 ? new Set(kinds) : undefined;
  } catch (error) {
    if (error instanceof RtmpError) return undefined;
    throw error;
  }
}
