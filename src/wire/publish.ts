import Type, { type Static } from 'typebox';

/** Subprotocol of a resumable publisher. Without it a socket may simply send WebM or fragmented MP4. */
export const PUBLISH_PROTOCOL = 'headwater.publish.v1';

/** Opens a session or resumes it; the first message of a publisher. */
export const PublishStart = Type.Object({
  type: Type.Literal('start'),
  /** A UUID that the publisher makes for each container stream. */
  session: Type.String({ format: 'uuid', maxLength: 36 }),
  /** As MediaRecorder says it: `video/webm;codecs=h264,opus`. */
  mimeType: Type.String({ maxLength: 200 }),
  /** The broadcast's title. */
  name: Type.Optional(Type.String({ maxLength: 200 })),
  /** The channel's stream key, where no header could carry it. */
  key: Type.Optional(Type.String({ maxLength: 200 })),
  /** Takes the channel from whoever publishes to it now. */
  takeover: Type.Optional(Type.Boolean()),
  /** What the recording's download name is to begin with; made safe by the server, `noname` where nothing is left of it. */
  namePrefix: Type.Optional(Type.String({ maxLength: 1000 })),
  /** The oldest byte that the publisher still has: a server that holds less of the session than this refuses it. */
  from: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  /** Brings the rest of the session even when its broadcast is over: for its recording, nobody is shown it. */
  late: Type.Optional(Type.Boolean()),
});

/**
 * Ties the container's clock to the server's wall clock: what had timestamp `media` was captured at `wall`.
 * Sent once recording has begun and again when the estimate got better; it makes the measured delay true.
 */
const PublishClock = Type.Object({
  type: Type.Literal('clock'),
  /** Milliseconds on the container's clock. */
  media: Type.Number({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  /** Milliseconds since 1970 on the server's clock, as learnt by `ping`. */
  wall: Type.Number({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
});

/** The container stream is complete; nothing follows. */
const PublishEnd = Type.Object({
  type: Type.Literal('end'),
  /** All bytes of the session. */
  length: Type.Integer({ minimum: 0 }),
});

/** Asks for the server's clock. */
export const Ping = Type.Object({ type: Type.Literal('ping'), id: Type.Integer({ minimum: 0 }) });

/** What a publisher may say. */
export const PublisherMessage = Type.Union([PublishStart, PublishClock, PublishEnd, Ping]);
/** What a publisher may say. */
export type PublisherMessage = Static<typeof PublisherMessage>;
/** Opens a session or resumes it. */
export type PublishStart = Static<typeof PublishStart>;

/** How the broadcast's recording is doing; `no-room`: none is made, the disk had too little room when it began. */
export type RecordingState = 'off' | 'recording' | 'damaged' | 'no-room';

/** What the server says to a publisher. All offsets and lengths in bytes of the session. */
export type PublishServerMessage =
  /** Send from this offset on: the server holds all before it. */
  | { readonly type: 'ready'; readonly offset: number }
  /** The server stored all before this offset: the publisher may forget it. */
  | { readonly type: 'ack'; readonly offset: number }
  /** At least every two seconds while live. Bits a second, as received over the last seconds. */
  | {
      readonly type: 'status';
      readonly viewers: number;
      readonly recording: RecordingState;
      readonly bitrate: number;
      /** Milliseconds of media so far; 0 before the tracks are known. */
      readonly elapsed: number;
      /** Milliseconds until the channel's `maxDuration` ends the broadcast; left out where nothing does. */
      readonly remaining?: number;
    }
  /** All bytes are stored and the broadcast is over. The recording's id, where one was made. */
  | { readonly type: 'ended'; readonly recording: string | null }
  /** Answers `ping`: milliseconds since 1970. */
  | { readonly type: 'pong'; readonly id: number; readonly time: number }
  /** Why the socket is about to be closed, in words. `since`: for `channel-busy`, ms since 1970. `recording`: what is left. */
  | {
      readonly type: 'error';
      readonly code: string;
      readonly message: string;
      readonly since?: number;
      readonly recording?: string;
    };
