import { beforeEach, describe, expect, it } from 'vitest';
import { PlayIntent, type StartedMedia } from './play-intent.ts';

/** A media element with a browser's rules of autoplay. */
class FakeMedia extends EventTarget {
  paused = true;
  ended = false;
  error: object | null = null;
  readyState = 4;
  volume = 1;
  allows: 'sound' | 'silence' | 'nothing' = 'sound';
  #muted = false;

  get muted(): boolean {
    return this.#muted;
  }
  set muted(muted: boolean) {
    this.#muted = muted;
    this.dispatchEvent(new Event('volumechange'));
  }
  async play(): Promise<void> {
    if (this.allows === 'nothing' || (this.allows === 'silence' && !this.muted)) {
      throw new DOMException('not allowed', 'NotAllowedError');
    }
    this.paused = false;
    this.dispatchEvent(new Event('play'));
  }
  pause(): void {
    this.paused = true;
    this.dispatchEvent(new Event('pause'));
  }
}

let media: FakeMedia;
let intent: PlayIntent;
const settled = () => new Promise<void>((done) => setImmediate(done));
beforeEach(() => {
  media = new FakeMedia();
  intent = new PlayIntent(media as unknown as StartedMedia, () => {});
});

describe('the wish to play', () => {
  it('plays with sound where it may', async () => {
    intent.play();
    await settled();
    expect([media.paused, media.muted, intent.mutedByBrowser]).toEqual([false, false, false]);
  });

  it('plays without sound where it must, until the viewer wants it back', async () => {
    media.allows = 'silence';
    intent.play();
    await settled();
    expect([media.paused, media.muted, intent.mutedByBrowser]).toEqual([false, true, true]);
    media.allows = 'sound';
    media.volume = 0;
    intent.unmute();
    expect([media.muted, media.volume, intent.mutedByBrowser]).toEqual([false, 1, false]);
  });

  it('knows when the sound was given back by other controls', async () => {
    media.allows = 'silence';
    intent.play();
    await settled();
    media.muted = false;
    expect(intent.mutedByBrowser).toBe(false);
  });

  it('waits for a click where nothing may start', async () => {
    media.allows = 'nothing';
    intent.play();
    await settled();
    expect([media.paused, intent.blocked]).toEqual([true, true]);
    media.allows = 'sound';
    intent.play();
    await settled();
    expect([media.paused, intent.blocked]).toEqual([false, false]);
  });

  it.each([
    ['end', { ended: true }],
    ['failure', { error: {} }],
    ['exchange', { readyState: 0 }],
  ])('outlives the %s of a source, which pauses too', async (_, change) => {
    intent.play();
    await settled();
    Object.assign(media, change);
    media.pause();
    expect(intent.wanted).toBe(true);
    intent.start();
    await settled();
    expect(media.paused).toBe(false);
  });

  it('ends with a pause, and comes back with the browser’s own controls', async () => {
    intent.play();
    await settled();
    media.pause();
    expect(intent.wanted).toBe(false);
    intent.start();
    await settled();
    expect(media.paused).toBe(true);
    await media.play();
    expect(intent.wanted).toBe(true);
  });
});
