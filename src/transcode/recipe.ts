import type { Chunk } from '../media/chunk.ts';
import type { Bytes, Milliseconds, Ticks, Timescale } from '../media/time.ts';
import type { Track } from '../media/track.ts';

/** What a child made: one access unit on the broadcast's timeline, in the recipe's timescale. */
export interface Packet {
  readonly dts: Ticks;
  readonly duration: Ticks;
  readonly compositionOffset: Ticks;
  readonly keyframe: boolean;
  readonly data: Uint8Array;
}

/** Told what a child made, in order: the track before its first packet, and again where it changed. */
export interface PacketSink {
  track(track: Track): void;
  packet(packet: Packet): void;
}

/** Reads what a child writes, in any slicing. Throws MediaError. */
export interface PacketReader {
  push(bytes: Uint8Array): void;
}

/** One moment on two clocks: where a child's clock is zero. */
export interface ChildOrigin {
  /** In the ticks of the chunks that it is fed with. */
  readonly source: Ticks;
  /** In the recipe's ticks. */
  readonly output: Ticks;
}

/** How one kind of rendition is made: all that differs between AAC and H.264. */
export interface Recipe {
  /** In logs and messages. */
  readonly name: string;
  readonly kind: Track['kind'];
  /** The encoder of ffmpeg that it needs. */
  readonly encoder: string;
  /** The oldest ffmpeg that has all of its options. */
  readonly release: string;
  readonly timescale: Timescale;
  /** Such a track is passed on as it is, and no child is started. */
  copies(track: Track): boolean;
  /** ffmpeg's whole command line: constants, and numbers that were read from the track. */
  arguments(track: Track): readonly string[];
  /** Where the clock of a child is zero that is fed from that chunk on. */
  origin(first: Chunk): ChildOrigin;
  openReader(origin: ChildOrigin, sink: PacketSink): PacketReader;
  /** How much is fed again in front of what a child goes on with: its decoder has to settle. */
  readonly preroll: Milliseconds;
  /** Start with the newest group, not with all that the hub holds: it would cost too much. */
  readonly startsAtNewest: boolean;
  /** Packets in a chunk. */
  readonly chunkPackets: number;
  /** What a child may leave unread. */
  readonly maxQueue: Bytes;
  /** Of the child's process, 0 to 19: live sound goes before pictures, and the server before both. */
  readonly niceness: number;
}
