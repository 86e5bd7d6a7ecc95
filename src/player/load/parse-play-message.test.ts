import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PlayProtocolError, parsePlayMessage } from './parse-play-message.ts';

const read = (message: unknown) => parsePlayMessage(JSON.stringify(message));
const track = { kind: 'video', codec: 'avc1.42c01f', width: 640, height: 360 };

describe('parsePlayMessage', () => {
  it.each([
    { type: 'offline' },
    { type: 'live', broadcast: 'b1', startedAt: 5, title: null },
    { type: 'tracks', epoch: 0, mime: 'video/mp4; codecs="avc1.42c01f"', tracks: [track] },
    { type: 'discontinuity' },
    { type: 'interrupted', grace: 30_000 },
    { type: 'resumed' },
    { type: 'ended' },
    { type: 'skipped', chunks: 3, bytes: 400 },
    { type: 'viewers', count: 7 },
    { type: 'pong', id: 1, time: 1_700_000_000_000 },
  ])('reads $type', (message) => {
    expect(read(message)).toEqual(message);
  });

  it('lets a newer server say more', () => {
    expect(read({ type: 'applause', count: 9 })).toBeUndefined();
    expect(read({ type: 'toString' })).toBeUndefined();
    expect(read({ type: 'viewers', count: 7, peak: 9 })).toEqual({ type: 'viewers', count: 7 });
  });

  it.each([
    { type: 'live', startedAt: 5, title: null },
    { type: 'viewers', count: 'many' },
    { type: 'pong', id: 1, time: null },
    { type: 'tracks', epoch: 0, mime: 'video/mp4', tracks: [] },
    { type: 'tracks', epoch: 0, mime: 'video/mp4', tracks: [{ kind: 'smell', codec: 'x' }] },
    { type: 'tracks', epoch: 0, mime: 'video/mp4', tracks: [{ ...track, width: 'wide' }] },
    { type: 'tracks', epoch: 0, mime: 'video/mp4', tracks: Array.from({ length: 9 }, () => track) },
    ['offline'],
    null,
  ])('refuses %j', (message) => {
    if (Array.isArray(message)) expect(read(message)).toBeUndefined();
    else expect(() => read(message)).toThrow(PlayProtocolError);
  });

  it('refuses text beyond 64 KiB', () => {
    expect(() => parsePlayMessage(`"${'x'.repeat(65_536)}"`)).toThrow(PlayProtocolError);
  });

  it('answers any text at all with a message, nothing, or its one error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          parsePlayMessage(text);
        } catch (error) {
          expect(error).toBeInstanceOf(PlayProtocolError);
        }
      }),
    );
  });
});
