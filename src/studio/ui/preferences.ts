import type { DeviceChoice } from '../capture/sources.ts';
import { DEFAULT_QUALITY, problemOfQuality, type Quality } from '../encode/quality.ts';

/** What a person chose in a studio and finds again the next time. */
export interface Preferences {
  readonly camera: DeviceChoice;
  readonly microphone: DeviceChoice;
  readonly quality: Quality;
}

/** What a first visit starts with. */
export const DEFAULT_PREFERENCES: Preferences = {
  camera: 'default',
  microphone: 'default',
  quality: DEFAULT_QUALITY,
};

const KEY = 'headwater.studio';

/** Reads them; what is missing or makes no sense is as on a first visit. */
export function readPreferences(storage: Pick<Storage, 'getItem'>): Preferences {
  let value: unknown;
  try {
    value = JSON.parse(storage.getItem(KEY) ?? 'null');
  } catch {
    // Storage may be blocked, or hold what is not ours.
  }
  if (typeof value !== 'object' || value === null) return DEFAULT_PREFERENCES;
  const { camera, microphone, quality } = value as Record<string, unknown>;
  return {
    camera: typeof camera === 'string' ? camera : 'default',
    microphone: typeof microphone === 'string' ? microphone : 'default',
    quality: isQuality(quality) ? quality : DEFAULT_QUALITY,
  };
}

/** Keeps them; a browser that stores nothing is no problem. */
export function writePreferences(storage: Pick<Storage, 'setItem'>, preferences: Preferences): void {
  try {
    storage.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // Storage may be blocked or full.
  }
}

function isQuality(value: unknown): value is Quality {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Record<string, unknown>;
  const numbers = ['width', 'height', 'frameRate', 'videoBitrate', 'audioBitrate'];
  return numbers.every((name) => typeof fields[name] === 'number') && !problemOfQuality(value as Quality);
}
