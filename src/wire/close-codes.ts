/**
 * Why a WebSocket was closed: the code, and the `reason` that goes with it. Stable, listed in `docs/protocol.md`.
 * 4000 to 4999 is the private range (RFC 6455 §7.4.2); the last three digits follow HTTP where one fits.
 */
export const CLOSE = {
  /** The work is done: the broadcast ended, or the viewer's channel was deleted. */
  normal: 1000,
  /** The server is shutting down; come back. */
  goingAway: 1001,
  /** An internal error; come back. */
  internal: 1011,
  /** Not the messages of this protocol. */
  badMessage: 4400,
  /** No stream key, or a wrong one. */
  unauthorized: 4401,
  /** No such channel. */
  channelNotFound: 4404,
  /** No media within the limit, or a viewer that read nothing for too long. */
  timeout: 4408,
  /** Another publisher holds the channel. */
  channelBusy: 4409,
  /** Another publisher took the channel over; do not come back by yourself. */
  takenOver: 4410,
  /** The broadcast was as long as its channel allows, and has ended. */
  tooLong: 4413,
  /** The container or a codec in it is malformed or not supported. */
  badMedia: 4415,
  /** An offset that the server does not hold. */
  badOffset: 4416,
  /** More bits a second than the server takes. */
  bitrateExceeded: 4429,
  /** The server could not store the bytes (disk full, or failing). */
  storageFailed: 4507,
} as const;

/** One of the codes of {@link CLOSE}. */
export type CloseCode = (typeof CLOSE)[keyof typeof CLOSE];
