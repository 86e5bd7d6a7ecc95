import type { Chunk, Epoch } from '../media/chunk.ts';
import type { BroadcastTap } from './broadcast.ts';

/**
 * How a rendition is doing: nobody follows it; the broadcast has no such track; it is being started; it comes; it failed
 * and is tried again; it cannot be made on this machine or not now; the broadcast is over.
 */
export type RenditionState =
  | 'idle'
  | 'waiting'
  | 'starting'
  | 'running'
  | 'failing'
  | 'unavailable'
  | 'ended';

/**
 * One track of a broadcast in the codec that some players or platforms need, on the broadcast's timeline. It is made
 * while somebody follows it, and a while longer; all who follow share it. Its epochs have that one track, and the
 * index of the broadcast's epoch that they are of.
 */
export interface Rendition {
  readonly state: RenditionState;
  /** The same in words for a person: what is wrong and what to do, where something is. Holds no secret. */
  readonly words: string;
  /** What followers were last told; undefined before its first media. */
  readonly epoch: Epoch | undefined;
  /**
   * Follows without loss, as {@link BroadcastTap} says, from the present epoch and the next chunk on; `end` comes when
   * the broadcast is over. The answer stops following. With `earlier` it begins with what was made before, some seconds of it.
   */
  follow(tap: BroadcastTap, earlier?: EarlierMedia): () => void;
}

/** The chunks of an epoch of the broadcast that its follower still has, oldest first: the rendition is made of these, too, where it is not made yet. */
export type EarlierMedia = (epoch: Epoch) => readonly Chunk[];
