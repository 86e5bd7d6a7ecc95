import type { Track } from '../../media/track.ts';

/** How the codecs that some server may not take are called in the `codecs` of a MIME type (RFC 6381). */
const NAMES: readonly [RegExp, Track['codec']][] = [
  [/^vp0?8/i, 'vp8'],
  [/^vp0?9/i, 'vp9'],
  [/^av0?1/i, 'av1'],
  [/^(avc[13]|h264)/i, 'avc'],
  [/^(hvc1|hev1|h265)/i, 'hevc'],
  [/^opus/i, 'opus'],
  [/^mp4a/i, 'aac'],
];

/** The codecs that a publisher's MIME type names, as far as they are known here; none where it names none. */
export function announcedCodecs(mimeType: string): Pick<Track, 'codec'>[] {
  const [, list = ''] = /;\s*codecs\s*=\s*"?([^";]*)/i.exec(mimeType) ?? [];
  return list.split(',').flatMap((name) => {
    const known = NAMES.find(([pattern]) => pattern.test(name.trim()));
    return known ? { codec: known[1] } : [];
  });
}
