import Type, { type Static } from 'typebox';
import { CHANNEL_NAME } from './channel-name.ts';
import { DESTINATION_PROVIDERS } from './destination-providers.ts';

/** A channel's name, as in `/watch/{name}`. */
export const ChannelName = Type.String({
  pattern: CHANNEL_NAME.source,
  description: '1 to 64 of a-z, 0-9, - and _, starting with a letter or a digit',
});

/** Milliseconds since 1970, UTC. */
const WallTime = Type.Integer({ description: 'Milliseconds since 1970-01-01T00:00Z' });

/** The longest that a broadcast may wait for its publisher: 30 min, in milliseconds. */
export const MAX_GRACE = 1_800_000;
/** The longest `maxDuration`: 7 days, in milliseconds. */
export const MAX_DURATION = 604_800_000;

const Live = Type.Boolean({
  description: 'Broadcasts can be watched while they are on; false for a channel that only records',
});
const Grace = Type.Integer({
  minimum: 0,
  maximum: MAX_GRACE,
  description: 'Milliseconds that a broadcast waits for its lost publisher',
});
const MaxDuration = Type.Integer({
  minimum: 1000,
  maximum: MAX_DURATION,
  description: 'Milliseconds after which a broadcast is ended',
});
const Dvr = Type.Boolean({
  description:
    'Viewers can go back to the beginning of broadcasts that are recorded, and play them again when they are over',
});
const OrNull = <T extends Type.TSchema>(schema: T, description: string) =>
  Type.Union([schema, Type.Null()], { description });

/** What a channel may be set to, but for its names. */
const settings = {
  record: Type.Optional(Type.Boolean({ default: true })),
  live: Type.Optional(Type.Boolean({ ...Live, default: true })),
  reconnectGrace: Type.Optional(OrNull(Grace, 'null: as the server is configured')),
  maxDuration: Type.Optional(OrNull(MaxDuration, 'null: without end')),
  dvr: Type.Optional(OrNull(Dvr, 'null: as the server is configured')),
};

/** Where a channel's broadcast stands. */
const ChannelState = Type.Union([Type.Literal('offline'), Type.Literal('live'), Type.Literal('interrupted')]);
/** A channel's own quotas, beside the server's. The oldest finished recordings go first. */
const KeepBytes = Type.Union([Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }), Type.Null()], {
  description: 'Bytes that its recordings may take; null for no bound of its own',
});
const KeepDays = Type.Union([Type.Integer({ minimum: 1, maximum: 36_500 }), Type.Null()], {
  description: 'Days that its recordings are kept after their end; null for no bound of its own',
});

const KeepOriginal = Type.Boolean({
  description:
    'What publishers send is kept as it was sent, beside the recording; about as large as the recording itself',
});

const Audience = Type.Object(
  {
    websocket: Type.Integer({ description: 'Viewers over WebSocket now' }),
    hls: Type.Integer({ description: 'Viewers by HLS, seen in the last 15 seconds' }),
    dash: Type.Integer({ description: 'Viewers by DASH, seen in the last 15 seconds' }),
    dvr: Type.Integer({
      description: 'Viewers who went back, or play a broadcast again, seen in the last 15 seconds',
    }),
    unique: Type.Integer({
      description: 'Different viewers now, as far as address and program tell them apart',
    }),
    today: Type.Integer({
      description: 'Different viewers since midnight UTC, or since the server started; about',
    }),
  },
  { $id: 'Audience' },
);

/** A channel as the API shows it; its stream key is never part of it. */
export const ChannelResource = Type.Object(
  {
    name: ChannelName,
    title: Type.String({ description: 'Shown on pages; the name where none was given' }),
    record: Type.Boolean({ description: 'Broadcasts are recorded' }),
    keepBytes: KeepBytes,
    keepDays: KeepDays,
    keepOriginal: KeepOriginal,
    live: Live,
    dvr: Dvr,
    reconnectGrace: Grace,
    maxDuration: OrNull(MaxDuration, 'null: without end'),
    createdAt: WallTime,
    state: ChannelState,
    viewers: Type.Integer({ description: 'How many watch now, by whatever transport' }),
    audience: Audience,
  },
  { $id: 'Channel' },
);
/** A channel as the API shows it. */
export type ChannelResource = Static<typeof ChannelResource>;

/** What creating a channel, or giving it a new key, answers: the only times that the key is sent unasked. */
export const ChannelWithKey = Type.Object(
  { ...ChannelResource.properties, streamKey: Type.String() },
  { $id: 'ChannelWithKey' },
);
/** A channel with its stream key. */
export type ChannelWithKey = Static<typeof ChannelWithKey>;

/** Body of `POST /api/channels`. */
export const CreateChannel = Type.Object(
  {
    name: ChannelName,
    title: Type.Optional(Type.String({ maxLength: 200 })),
    ...settings,
    keepBytes: Type.Optional(KeepBytes),
    keepDays: Type.Optional(KeepDays),
    keepOriginal: Type.Optional(KeepOriginal),
  },
  { $id: 'CreateChannel', additionalProperties: false },
);
/** Body of `POST /api/channels`. */
export type CreateChannel = Static<typeof CreateChannel>;

/** Body of `PATCH /api/channels/{name}`: what is left out stays. A channel that is live cannot be renamed. */
export const UpdateChannel = Type.Object(
  {
    name: Type.Optional(ChannelName),
    title: Type.Optional(Type.String({ maxLength: 200 })),
    ...settings,
    record: Type.Optional(Type.Boolean()),
    keepBytes: Type.Optional(KeepBytes),
    keepDays: Type.Optional(KeepDays),
    keepOriginal: Type.Optional(KeepOriginal),
    live: Type.Optional(Live),
  },
  { $id: 'UpdateChannel', additionalProperties: false, minProperties: 1 },
);
/** Body of `PATCH /api/channels/{name}`. */
export type UpdateChannel = Static<typeof UpdateChannel>;

/** One track of a broadcast. */
const TrackResource = Type.Object(
  {
    kind: Type.Union([Type.Literal('video'), Type.Literal('audio')]),
    codec: Type.String({ description: 'RFC 6381' }),
    width: Type.Optional(Type.Integer()),
    height: Type.Optional(Type.Integer()),
    sampleRate: Type.Optional(Type.Integer()),
    channels: Type.Optional(Type.Integer()),
  },
  { $id: 'Track' },
);

/** The broadcast that is on now. */
export const BroadcastResource = Type.Object(
  {
    id: Type.String(),
    channel: ChannelName,
    title: Type.Union([Type.String(), Type.Null()]),
    state: ChannelState,
    startedAt: WallTime,
    elapsed: Type.Integer({ description: 'Milliseconds of media so far' }),
    bitrate: Type.Integer({ description: 'Bits a second, as received over the last seconds' }),
    viewers: Type.Integer(),
    tracks: Type.Array(TrackResource),
    recording: Type.Union([Type.String(), Type.Null()], { description: 'Id of its recording' }),
    dvr: Type.Boolean({ description: 'Viewers can go back to its beginning' }),
    recordingState: Type.Union(
      [Type.Literal('off'), Type.Literal('recording'), Type.Literal('damaged'), Type.Literal('no-room')],
      {
        description: '`no-room`: it is not recorded, for there was too little room on the disk when it began',
      },
    ),
  },
  { $id: 'Broadcast' },
);
/** The broadcast that is on now. */
export type BroadcastResource = Static<typeof BroadcastResource>;

const Gap = Type.Object(
  {
    at: Type.Integer({
      description: 'Milliseconds on the recording’s timeline, which goes on without a hole',
    }),
    duration: Type.Union([Type.Integer(), Type.Null()], {
      description: 'Milliseconds of wall-clock time that are missing; null when nobody knows',
    }),
  },
  { $id: 'Gap' },
);

const Original = Type.Object(
  {
    url: Type.String({ description: 'Where it is downloaded, on this server' }),
    fileName: Type.String({ description: 'What the download is called, with its ending' }),
    size: Type.Integer({ description: 'Bytes' }),
    mime: Type.String(),
  },
  { $id: 'Original' },
);

/** The durable file of one broadcast. */
export const RecordingResource = Type.Object(
  {
    id: Type.String(),
    channel: ChannelName,
    title: Type.Union([Type.String(), Type.Null()]),
    state: Type.Union([Type.Literal('recording'), Type.Literal('complete'), Type.Literal('damaged')]),
    startedAt: WallTime,
    duration: Type.Integer({ description: 'Milliseconds' }),
    size: Type.Integer({ description: 'Bytes' }),
    mime: Type.String({ description: 'With codecs, for a player' }),
    finalisation: Type.Union(
      [Type.Literal('waiting'), Type.Literal('done'), Type.Literal('no-room'), Type.Literal('failed')],
      {
        description:
          '`done`: its file is a progressive MP4. Else it is a fragmented one, that plays too: it will be finalised, there is no room on the disk for that, or it cannot be',
      },
    ),
    fileName: Type.String({ description: 'What a download is called, without its ending' }),
    gaps: Type.Array(Gap, { description: 'What was lost and is missing, in order' }),
    poster: Type.Union([Type.String(), Type.Null()], {
      description: 'Where its picture is, on this server; null when the publisher sent none',
    }),
    originals: Type.Array(Original, {
      description: 'What its publisher sent, as it was sent: one for each session of the publisher',
    }),
  },
  { $id: 'Recording' },
);
/** The durable file of one broadcast. */
export type RecordingResource = Static<typeof RecordingResource>;

/** What `GET /api/channels` answers: every channel, by name. */
export const ChannelList = Type.Object({ items: Type.Array(ChannelResource) }, { $id: 'ChannelList' });
/** What `GET /api/channels` answers. */
export type ChannelList = Static<typeof ChannelList>;

/** What `GET /api/channels/{name}/key` answers. */
export const StreamKeyResource = Type.Object({ streamKey: Type.String() }, { $id: 'StreamKey' });
/** What `GET /api/channels/{name}/key` answers. */
export type StreamKeyResource = Static<typeof StreamKeyResource>;

/** What `GET /api/recordings` answers: the newest first. */
export const RecordingList = Type.Object(
  {
    items: Type.Array(RecordingResource),
    next: Type.Union([Type.String(), Type.Null()], {
      description: '`after` of the next page; null on the last one',
    }),
  },
  { $id: 'RecordingList' },
);
/** What `GET /api/recordings` answers. */
export type RecordingList = Static<typeof RecordingList>;

/** Query of `GET /api/recordings`. */
export const RecordingQuery = Type.Object(
  {
    channel: Type.Optional(ChannelName),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100 })),
    after: Type.Optional(
      Type.String({
        maxLength: 200,
        description: 'Where the page starts: `next` of the page before',
      }),
    ),
  },
  { additionalProperties: false },
);
/** Query of `GET /api/recordings`. */
export type RecordingQuery = Static<typeof RecordingQuery>;

/** What `GET /api/session` answers: whether this browser is signed in. */
export const SessionResource = Type.Object({ signedIn: Type.Boolean() }, { $id: 'Session' });
/** What `GET /api/session` answers. */
export type SessionResource = Static<typeof SessionResource>;

/** Body of `POST /api/session`, which signs a browser in. */
export const SignIn = Type.Object(
  { token: Type.String({ minLength: 1, maxLength: 500, description: 'The admin token' }) },
  { $id: 'SignIn', additionalProperties: false },
);
/** Body of `POST /api/session`. */
export type SignIn = Static<typeof SignIn>;

/** A destination's own id. */
const DestinationId = Type.String({ format: 'uuid', maxLength: 36 });
const ProviderName = Type.Enum([...DESTINATION_PROVIDERS]);
const PushWhen = Type.Union([Type.Literal('always'), Type.Literal('on-demand')], {
  description: '`always`: every broadcast of the channel. `on-demand`: those that it is started in',
});
const PushMode = Type.Union([Type.Literal('copy'), Type.Literal('transcode')], {
  description: '`copy`: the picture as it is, where the platform takes it. `transcode`: always encoded anew',
});
const RtmpUrl = Type.String({
  pattern: '^rtmps?://\\S+$',
  maxLength: 2000,
  description: 'An address that begins with rtmp:// or rtmps://, without the stream key',
});
const PlaybackUrl = OrNull(
  Type.String({
    pattern: '^https?://\\S+$',
    maxLength: 2000,
    description: 'An address that begins with https://',
  }),
  'Where it can be watched there',
);
const PushLimit = OrNull(
  MaxDuration,
  'Milliseconds that it may be live in one broadcast; null for as long as that is',
);

/** How a destination is doing now. */
const DestinationStatus = Type.Object(
  {
    state: Type.Union(
      [
        Type.Literal('idle'),
        Type.Literal('connecting'),
        Type.Literal('live'),
        Type.Literal('retrying'),
        Type.Literal('failed'),
      ],
      { description: '`live`: the platform acknowledged publishing, and takes media; nothing less' },
    ),
    code: OrNull(Type.String(), 'Stable, of what is wrong: connect-refused, publish-refused, stalled …'),
    message: OrNull(Type.String(), 'What is wrong and what to do, or what is worth knowing'),
    liveSince: OrNull(WallTime, 'null while it is not live'),
    nextTry: OrNull(WallTime, 'When it is tried again'),
    bitrate: Type.Integer({ description: 'Bits of media a second, over the last seconds' }),
    sentBytes: Type.Integer({ description: 'Of media, in this broadcast' }),
    acknowledgedBytes: Type.Integer({
      description: 'Of all that this connection sent, as the platform says; 0 where it never does',
    }),
    droppedGroups: Type.Integer({
      description: 'Groups of pictures left out, because the platform was too slow',
    }),
    holding: Type.Boolean({
      description: 'The broadcaster is lost: the last group of pictures is repeated, in silence',
    }),
    remaining: OrNull(Type.Integer(), 'Milliseconds until its time limit ends it'),
  },
  { $id: 'DestinationStatus' },
);

/** Where a channel's broadcasts are pushed to. Its stream key is never part of it. */
export const DestinationResource = Type.Object(
  {
    id: DestinationId,
    name: Type.String(),
    provider: ProviderName,
    url: RtmpUrl,
    hasKey: Type.Boolean({ description: 'A stream key is stored; it can be replaced, and not be read' }),
    playbackUrl: PlaybackUrl,
    enabled: Type.Boolean(),
    when: PushWhen,
    mode: PushMode,
    maxDuration: PushLimit,
    createdAt: WallTime,
    status: DestinationStatus,
  },
  { $id: 'Destination' },
);
/** Where a channel's broadcasts are pushed to. */
export type DestinationResource = Static<typeof DestinationResource>;

/** What `GET /api/channels/{name}/destinations` answers. */
export const DestinationList = Type.Object(
  { items: Type.Array(DestinationResource) },
  { $id: 'DestinationList' },
);
/** What `GET /api/channels/{name}/destinations` answers. */
export type DestinationList = Static<typeof DestinationList>;

const DestinationName = Type.String({ minLength: 1, maxLength: 100 });
const DestinationKey = Type.String({
  maxLength: 500,
  pattern: '^\\S*(?:(?:^|\\s)pubUser=\\S+\\s+pubPasswd=\\S+)?$',
  description:
    'A stream key without spaces, and behind it pubUser=… pubPasswd=… for servers that ask who publishes; stored encrypted, never shown again. Empty for none',
});

/** Body of `POST /api/channels/{name}/destinations`. */
export const CreateDestination = Type.Object(
  {
    name: DestinationName,
    provider: Type.Optional(ProviderName),
    url: RtmpUrl,
    streamKey: Type.Optional(DestinationKey),
    playbackUrl: Type.Optional(PlaybackUrl),
    enabled: Type.Optional(Type.Boolean({ default: true })),
    when: Type.Optional(PushWhen),
    mode: Type.Optional(PushMode),
    maxDuration: Type.Optional(PushLimit),
  },
  { $id: 'CreateDestination', additionalProperties: false },
);
/** Body of `POST /api/channels/{name}/destinations`. */
export type CreateDestination = Static<typeof CreateDestination>;

/** Body of `PATCH /api/channels/{name}/destinations/{id}`: what is left out stays. Takes effect at once, live too. */
export const UpdateDestination = Type.Object(
  {
    name: Type.Optional(DestinationName),
    provider: Type.Optional(ProviderName),
    url: Type.Optional(RtmpUrl),
    streamKey: Type.Optional(DestinationKey),
    playbackUrl: Type.Optional(PlaybackUrl),
    enabled: Type.Optional(Type.Boolean()),
    when: Type.Optional(PushWhen),
    mode: Type.Optional(PushMode),
    maxDuration: Type.Optional(PushLimit),
  },
  { $id: 'UpdateDestination', additionalProperties: false, minProperties: 1 },
);
/** Body of `PATCH /api/channels/{name}/destinations/{id}`. */
export type UpdateDestination = Static<typeof UpdateDestination>;

/** What `POST /api/channels/{name}/destinations/{id}/test` answers. */
export const DestinationTest = Type.Object(
  {
    reached: Type.Boolean({ description: 'The platform takes the connection; nothing was published' }),
    code: OrNull(Type.String(), 'Stable, of what is wrong'),
    message: Type.String({ description: 'What is wrong and what to do, or what the test cannot tell' }),
  },
  { $id: 'DestinationTest' },
);
/** What testing a destination answers. */
export type DestinationTest = Static<typeof DestinationTest>;

/** Every error of the API. */
export const ApiError = Type.Object(
  {
    error: Type.String({ description: 'Stable code, such as channel-not-found' }),
    message: Type.String({ description: 'What was wrong, where, and what to do' }),
  },
  { $id: 'Error' },
);
/** Every error of the API. */
export type ApiError = Static<typeof ApiError>;
