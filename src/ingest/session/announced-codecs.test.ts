import { expect, it } from 'vitest';
import { announcedCodecs } from './announced-codecs.ts';

it.each([
  ['video/webm;codecs=vp8,opus', ['vp8', 'opus']],
  ['video/webm; codecs="vp8, opus"', ['vp8', 'opus']],
  ['video/webm;codecs=vp08.00.10.08', ['vp8']],
  ['video/x-matroska;codecs=avc1.42c01f,opus', ['avc', 'opus']],
  ['video/mp4; codecs="hev1.1.6.L30,mp4a.40.2"', ['hevc', 'aac']],
  ['video/webm;codecs=h264,vp9,av01.0.00M.08', ['avc', 'vp9', 'av1']],
  ['video/webm;codecs=theora', []],
  ['video/webm', []],
  ['', []],
])('reads of %s what it says of codecs', (mimeType, codecs) => {
  expect(announcedCodecs(mimeType).map(({ codec }) => codec)).toEqual(codecs);
});
