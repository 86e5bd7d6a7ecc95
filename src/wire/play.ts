import Type, { type Static } from 'typebox';
import { Ping } from './publish.ts';

/** Subprotocol of a viewer over WebSocket. */
export const PLAY_PROTOCOL = 'headwater.play.v1';

/** What a viewer may say: it may ask for the server's clock. */
export const ViewerMessage = Type.Union([Ping]);
/** What a viewer may say. */
export type ViewerMessage = Static<typeof ViewerMessage>;

/** One track as a viewer is told of it. */
export interface PlayTrack {
  readonly kind: 'video' | 'audio';
  /** RFC 6381. */
  readonly codec: string;
  readonly width?: number;
  readonly height?: number;
  readonly sampleRate?: number;
  readonly channels?: number;
}

/**
 * What the server says to a viewer as text. Binary messages are media: the first after each `tracks` is the init
 * segment, each later one holds one or more whole CMAF chunks.
 */
export type PlayServerMessage =
  /** Nobody is live; stay, and be told. */
  | { readonly type: 'offline' }
  /**
   * A broadcast is on; `tracks` follows. `startedAt` in ms since 1970. `dvr`: it can be gone back in to its beginning, and played
   * again when it is over; else only as far as the live window holds. Absent where that is not known.
   */
  | {
      readonly type: 'live';
      readonly broadcast: string;
      readonly startedAt: number;
      readonly title: string | null;
      readonly dvr?: boolean;
    }
  /** What the next binary messages are: for `MediaSource.isTypeSupported`. */
  | {
      readonly type: 'tracks';
      readonly epoch: number;
      readonly mime: string;
      readonly tracks: readonly PlayTrack[];
    }
  /** The codec configuration changes: `tracks` and a new init segment follow. */
  | { readonly type: 'discontinuity' }
  /** The broadcaster's connection is lost; the broadcast is held for up to `grace` milliseconds. */
  | { readonly type: 'interrupted'; readonly grace: number }
  /** The broadcaster is back in the same broadcast. */
  | { readonly type: 'resumed' }
  /** The broadcast is over. */
  | { readonly type: 'ended' }
  /** This viewer read too slowly: that much was left out, and the newest group follows. */
  | { readonly type: 'skipped'; readonly chunks: number; readonly bytes: number }
  /** How many are watching; on change, at most once a second. */
  | { readonly type: 'viewers'; readonly count: number }
  /** Answers `ping`: milliseconds since 1970. */
  | { readonly type: 'pong'; readonly id: number; readonly time: number };

/**
 * What is told of a channel at `GET /live/{channel}/events`: how it is, and what changes. `sessions` are viewers by
 * transport, `unique` those that are different.
 */
export type ChannelEvent =
  | Extract<PlayServerMessage, { type: 'offline' | 'live' | 'interrupted' | 'resumed' | 'ended' }>
  | {
      readonly type: 'viewers';
      readonly count: number;
      readonly sessions: {
        readonly websocket: number;
        readonly hls: number;
        readonly dash: number;
        readonly dvr: number;
      };
      readonly unique: number;
    };
