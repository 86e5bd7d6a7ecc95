import { describe, expect, it } from 'vitest';
import { presetQuality } from '../encode/quality.ts';
import { DEFAULT_PREFERENCES, readPreferences, writePreferences } from './preferences.ts';

class FakeStorage {
  readonly items = new Map<string, string>();
  getItem = (key: string) => this.items.get(key) ?? null;
  setItem = (key: string, value: string) => void this.items.set(key, value);
}

describe('preferences', () => {
  it('are found again', () => {
    const storage = new FakeStorage();
    const preferences = { camera: 'cam-1', microphone: 'none', quality: presetQuality('480p', 25) };
    writePreferences(storage, preferences);
    expect(readPreferences(storage)).toEqual(preferences);
  });

  it.each(['', '{', 'null', '7', '{"quality":{"width":1}}', '{"camera":4}'])(
    'are as on a first visit when %j is stored',
    (text) => {
      expect(readPreferences({ getItem: () => text })).toEqual(DEFAULT_PREFERENCES);
    },
  );

  it('survive a browser that stores nothing', () => {
    const blocked = () => {
      throw new DOMException('blocked', 'SecurityError');
    };
    expect(readPreferences({ getItem: blocked })).toEqual(DEFAULT_PREFERENCES);
    expect(() => writePreferences({ setItem: blocked }, DEFAULT_PREFERENCES)).not.toThrow();
  });
});
