/** A way of feeding media to a video element. */
interface MediaSourceType {
  new (): MediaSource;
  isTypeSupported(mime: string): boolean;
}

/** What this browser has, and whether it is the managed kind (iPhones have no other). */
export interface AvailableMediaSource {
  readonly type: MediaSourceType;
  readonly managed: boolean;
}

/** Finds MediaSource, or else ManagedMediaSource; undefined where there is neither. */
export function findMediaSource(scope: object): AvailableMediaSource | undefined {
  const globals: { MediaSource?: MediaSourceType; ManagedMediaSource?: MediaSourceType } = scope;
  if (globals.MediaSource) return { type: globals.MediaSource, managed: false };
  if (globals.ManagedMediaSource) return { type: globals.ManagedMediaSource, managed: true };
  return undefined;
}
