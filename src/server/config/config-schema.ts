import Type, { type Static } from 'typebox';

const MEBIBYTE = 1024 * 1024;

/** An exact origin, as a browser sends it: scheme, host, port, and nothing after. */
const ORIGIN = '^https?://[^/\\s?#@]+$';

/**
 * Every setting: at once its check, its type, its default and its line in `docs/configuration.md`. Two levels, three for
 * the protocols of `ingest`, no more; sizes are in bytes, times in milliseconds, rates in bits a second.
 */
export const ConfigSchema = Type.Object({
  server: Type.Object({
    host: Type.String({
      default: '127.0.0.1',
      minLength: 1,
      description: 'Address to listen on; `0.0.0.0` for every network',
    }),
    port: Type.Integer({
      default: 8080,
      minimum: 0,
      maximum: 65_535,
      description: 'Port to listen on; 0 for any free one',
    }),
    origins: Type.Array(Type.String({ pattern: ORIGIN }), {
      default: [],
      description: 'Other sites whose pages may publish here, as exact origins: `https://example.org`',
    }),
    trustProxy: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description:
        'Addresses or networks of reverse proxies whose `X-Forwarded-*` is believed: `127.0.0.1`, `10.0.0.0/8`',
    }),
  }),
  data: Type.String({
    default: './data',
    minLength: 1,
    description: 'Folder for the database, recordings and secrets',
  }),
  log: Type.Object({
    level: Type.Enum(['debug', 'info', 'warn', 'error', 'silent'], {
      default: 'info',
      description: 'The least important log line to write; logs are JSON lines on standard error',
    }),
  }),
  limits: Type.Object({
    bitrate: Type.Integer({
      default: 50_000_000,
      minimum: 1000,
      description: 'Bits a second that a publisher may send, sustained',
    }),
    maxTracks: Type.Integer({
      default: 8,
      minimum: 1,
      maximum: 64,
      description: 'Tracks that a stream may declare',
    }),
    maxPixels: Type.Integer({
      default: 16_000_000,
      minimum: 1024,
      description: 'Width × height of a picture',
    }),
    maxElement: Type.Integer({
      default: 16 * MEBIBYTE,
      minimum: 64 * 1024,
      maximum: 256 * MEBIBYTE,
      description: 'Bytes of one WebM element or MP4 box',
    }),
    noMediaTimeout: Type.Integer({
      default: 15_000,
      minimum: 1000,
      maximum: 600_000,
      description: 'Milliseconds without media after which a publisher is let go',
    }),
    viewerBuffer: Type.Integer({
      default: 4 * MEBIBYTE,
      minimum: 64 * 1024,
      maximum: 256 * MEBIBYTE,
      description: 'Bytes that a viewer may lag behind before it is skipped to the newest group',
    }),
    viewerStallTimeout: Type.Integer({
      default: 20_000,
      minimum: 1000,
      maximum: 600_000,
      description: 'Milliseconds without reading after which a viewer is let go',
    }),
  }),
  broadcast: Type.Object({
    reconnectGrace: Type.Integer({
      default: 30_000,
      minimum: 0,
      maximum: 3_600_000,
      description: 'Milliseconds that a broadcast waits for its lost publisher',
    }),
  }),
  groupBuffer: Type.Object({
    bytes: Type.Integer({
      default: 64 * MEBIBYTE,
      minimum: MEBIBYTE,
      description: 'Bytes of each broadcast that are kept in memory at most',
    }),
    duration: Type.Integer({
      default: 10_000,
      minimum: 1000,
      description: 'Milliseconds of each broadcast that are kept in memory at most',
    }),
  }),
  recording: Type.Object({
    enabled: Type.Boolean({ default: true, description: 'Record the channels that are set to be recorded' }),
    durability: Type.Enum(['power', 'process'], {
      default: 'power',
      description:
        'What acknowledged media survives: `power` a power loss too, `process` only the end of the server by force',
    }),
    syncInterval: Type.Integer({
      default: 500,
      minimum: 50,
      maximum: 5000,
      description:
        'Milliseconds from one sync of all streams to the next, with `power`: publishers are told that often',
    }),
    finalise: Type.Boolean({
      default: true,
      description: 'Make recordings progressive MP4 files when they are over',
    }),
    minFree: Type.Integer({
      default: 1024 * MEBIBYTE,
      minimum: 0,
      description: 'Bytes of the disk that stay free: with less no new recording is begun or finalised',
    }),
    keepBytes: Type.Integer({
      default: 0,
      minimum: 0,
      description:
        'Bytes that all recordings may take, with what publishers sent: then the oldest are deleted; 0 for no bound',
    }),
    keepDays: Type.Integer({
      default: 0,
      minimum: 0,
      maximum: 36_500,
      description: 'Days after their end that recordings are deleted; 0 for never',
    }),
    keepUnfinished: Type.Integer({
      default: 7,
      minimum: 0,
      maximum: 365,
      description:
        'Days that what a lost publisher sent is kept, for it to bring the rest; it is the first to go for room',
    }),
  }),
  hls: Type.Object({
    segment: Type.Integer({
      default: 2000,
      minimum: 1000,
      maximum: 10_000,
      description:
        'Milliseconds that a segment lasts about: it begins at a keyframe where one comes in twice that time',
    }),
    part: Type.Integer({
      default: 200,
      minimum: 200,
      maximum: 1000,
      description: 'Milliseconds that a part of a segment lasts about: players stay three of them behind',
    }),
    window: Type.Integer({
      default: 16_000,
      minimum: 0,
      maximum: 600_000,
      description: 'Milliseconds that players can go back; eight segments at least',
    }),
    bytes: Type.Integer({
      default: 64 * MEBIBYTE,
      minimum: MEBIBYTE,
      description: 'Bytes of each track of a broadcast that are kept for players of segments at most',
    }),
  }),
  play: Type.Object({
    mergeWindow: Type.Integer({
      default: 0,
      minimum: 0,
      maximum: 1000,
      description: 'Milliseconds of media to send to a viewer in one write; 0 sends every frame at once',
    }),
  }),
  dvr: Type.Object({
    enabled: Type.Boolean({
      default: true,
      description:
        'Let viewers go back to the beginning of broadcasts that are recorded and can be watched; channels may be set otherwise',
    }),
    replay: Type.Integer({
      default: 86_400_000,
      minimum: 60_000,
      maximum: 31_536_000_000,
      description: 'Milliseconds after their end that viewers can still play these broadcasts',
    }),
  }),
  ingest: Type.Object({
    rtmp: Type.Object({
      enabled: Type.Boolean({
        default: false,
        description: 'Take publishers in over RTMP, for OBS and hardware encoders',
      }),
      host: Type.String({
        default: '',
        description: 'Address to listen on for RTMP; that of `server.host` where it is empty',
      }),
      port: Type.Integer({
        default: 1935,
        minimum: 0,
        maximum: 65_535,
        description: 'Port for `rtmp:`; 0 for any free one',
      }),
      plain: Type.Boolean({
        default: true,
        description: 'Take `rtmp:`, which anybody on the way can read; without it only `rtmps:`',
      }),
      tlsPort: Type.Integer({
        default: 1936,
        minimum: 0,
        maximum: 65_535,
        description: 'Port for `rtmps:`, where there is a certificate; 0 for any free one',
      }),
      certificate: Type.String({
        default: '',
        description: 'PEM file of the certificate for `rtmps:`, with those between it and its authority',
      }),
      certificateKey: Type.String({ default: '', description: 'PEM file of the certificate’s private key' }),
    }),
  }),
  restream: Type.Object({
    allow: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description:
        'Addresses, networks and hosts that destinations may be at beside the public internet: `10.0.0.0/8`, `media.local`',
    }),
    authorities: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description:
        'PEM files of certificate authorities that are trusted for `rtmps:` beside the public ones',
    }),
  }),
  transcode: Type.Object({
    enabled: Type.Boolean({
      default: true,
      description: 'Start ffmpeg for what needs it: AAC where Opus is not played, H.264 where it is wanted',
    }),
    ffmpeg: Type.String({
      default: 'ffmpeg',
      minLength: 1,
      description: 'The ffmpeg to start: a path, or a name that is looked for in PATH',
    }),
    aac: Type.Enum(['on-demand', 'always'], {
      default: 'on-demand',
      description: 'Make AAC of a broadcast once somebody needs it, or from its start',
    }),
    maxChildren: Type.Integer({
      default: 8,
      minimum: 1,
      maximum: 1000,
      description: 'Children of ffmpeg that may run at once, one for each broadcast and codec',
    }),
  }),
});

/** The settings, whole. */
export type Config = Static<typeof ConfigSchema>;
