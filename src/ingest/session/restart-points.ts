import type { RestartPoint } from '../../media/sample.ts';
import { isMade, type MadeMedia, type PackagerState } from '../../package/packager-state.ts';

/** A place in a stream that another process can go on from. */
export interface UsablePoint extends RestartPoint {
  readonly packager: PackagerState;
}

/** What is held at a point is made into chunks well before there are as many newer ones. */
const MAX_POINTS = 3;

/** The newest places of a stream that another process can go on from: those that a keyframe follows. */
export class RestartPoints {
  #candidate: UsablePoint | undefined;
  #points: UsablePoint[] = [];

  /** The demuxer told of a place, at which the packager stands so. */
  offer(point: RestartPoint, packager: PackagerState | undefined): void {
    this.#candidate = packager && { ...point, packager };
  }

  /** There may be a place that the next sample decides on. */
  get undecided(): boolean {
    return this.#candidate !== undefined;
  }

  /** The first sample of the track that groups are counted by, since the newest place. */
  decide(keyframe: boolean): void {
    if (keyframe && this.#candidate) this.#points.push(this.#candidate);
    if (this.#points.length > MAX_POINTS) this.#points.shift();
    this.#candidate = undefined;
  }

  /** The newest place before which nothing was left to be made, as of what is made now, and that is among the stored bytes. */
  newest(made: MadeMedia, stored: number): UsablePoint | undefined {
    return this.#points.findLast(({ packager, offset }) => offset <= stored && isMade(packager, made));
  }
}
