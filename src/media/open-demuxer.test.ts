import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openDemuxer } from './open-demuxer.ts';
import { CollectingSink } from './webm/collecting-sink.ts';

const FOLDER = new URL('../../test/fixtures/chromium/', import.meta.url);
const read = (name: string) => new Uint8Array(readFileSync(new URL(name, FOLDER)));
const letters = (word: string) => Array.from(word, (letter) => letter.charCodeAt(0));

describe('openDemuxer', () => {
  it.each(['webm-vp9-opus.webm', 'mp4-avc1-opus.mp4'])('reads %s, from its first byte on', (name) => {
    const whole = new CollectingSink();
    const demuxer = openDemuxer(whole);
    demuxer.push(read(name));
    demuxer.end();
    const sliced = new CollectingSink();
    const other = openDemuxer(sliced);
    const bytes = read(name);
    for (let at = 0; at < 20; at++) other.push(bytes.subarray(at, at + 1));
    other.push(new Uint8Array());
    other.push(bytes.subarray(20));
    other.end();
    expect(whole.samples(0).length).toBeGreaterThan(200);
    expect(sliced.calls).toEqual(whole.calls);
  });

  it.each([
    ['one byte', [0x47], 1],
    ['a wrong EBML ID', [0x1a, 0x45, 0xdf, 0x00], 4],
    ['a size that no first box has', [0xff, 0xd8], 1],
    ['an unknown box', [0, 0, 0, 24, ...letters('fiee')], 6],
    ['an FLV file', letters('FLV'), 1],
  ])('refuses %s as soon as it is clear', (_, bytes, clearAt) => {
    const demuxer = openDemuxer(new CollectingSink());
    const all = bytes.slice(0, clearAt);
    for (const byte of all.slice(0, -1)) demuxer.push(Uint8Array.of(byte));
    expect(() => demuxer.push(Uint8Array.of(all.at(-1) ?? 0))).toThrow('neither WebM nor MP4');
  });

  it('refuses a stream that ends before it is clear', () => {
    const demuxer = openDemuxer(new CollectingSink());
    demuxer.push(Uint8Array.of(0x1a, 0x45));
    expect(() => demuxer.end()).toThrow('ended before its container was clear');
  });
});
