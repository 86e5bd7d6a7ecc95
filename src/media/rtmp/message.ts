import { RtmpError } from './rtmp-error.ts';

/** Message type ids (RTMP specification 1.0, §5.4 and §7.1). */
export const MESSAGE = {
  setChunkSize: 1,
  abort: 2,
  acknowledgement: 3,
  userControl: 4,
  windowAcknowledgementSize: 5,
  setPeerBandwidth: 6,
  audio: 8,
  video: 9,
  dataAmf3: 15,
  commandAmf3: 17,
  dataAmf0: 18,
  commandAmf0: 20,
  aggregate: 22,
} as const;

/** A message as a chunk stream carries it. */
export interface RtmpMessage {
  /** One of {@link MESSAGE}. */
  readonly type: number;
  /** 0 for the connection itself. */
  readonly streamId: number;
  /** Milliseconds, modulo 2^32. */
  readonly timestamp: number;
  readonly payload: Uint8Array;
  /** What follows the payload, where one message is written of two pieces; never in what was read. */
  readonly rest?: Uint8Array | undefined;
}

/** Bytes of a message's body. */
export function lengthOf({ payload, rest }: Pick<RtmpMessage, 'payload' | 'rest'>): number {
  return payload.length + (rest?.length ?? 0);
}

/** Events of user control messages (§7.1.7). */
export const USER_CONTROL = { streamBegin: 0, streamEof: 1, pingRequest: 6, pingResponse: 7 } as const;

/** What a user control message says; `value` is a stream id, or the time of a ping. */
export interface UserControl {
  readonly event: number;
  readonly value: number;
}

/** A protocol control message whose body is one number: chunk size, acknowledgement or window (§5.4). */
export function writeNumberMessage(type: number, value: number): RtmpMessage {
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setUint32(0, value);
  return { type, streamId: 0, timestamp: 0, payload };
}

/** Reads what {@link writeNumberMessage} writes. Throws RtmpError `rtmp-chunk-malformed`. */
export function readNumberMessage({ type, payload }: RtmpMessage): number {
  if (payload.length < 4) {
    throw new RtmpError('rtmp-chunk-malformed', `a control message of type ${type} is too short`);
  }
  return new DataView(payload.buffer, payload.byteOffset, payload.byteLength).getUint32(0);
}

/** Set Peer Bandwidth (§5.4.5) with the limit type `dynamic`. */
export function writePeerBandwidth(size: number): RtmpMessage {
  const { payload } = writeNumberMessage(MESSAGE.setPeerBandwidth, size);
  return { type: MESSAGE.setPeerBandwidth, streamId: 0, timestamp: 0, payload: Uint8Array.of(...payload, 2) };
}

/** A user control message (§7.1.7). */
export function writeUserControl({ event, value }: UserControl): RtmpMessage {
  const payload = new Uint8Array(6);
  const view = new DataView(payload.buffer);
  view.setUint16(0, event);
  view.setUint32(2, value);
  return { type: MESSAGE.userControl, streamId: 0, timestamp: 0, payload };
}

/** Reads what {@link writeUserControl} writes; undefined for an event that says something else. */
export function readUserControl({ payload }: RtmpMessage): UserControl | undefined {
  if (payload.length < 6) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  return { event: view.getUint16(0), value: view.getUint32(2) };
}
