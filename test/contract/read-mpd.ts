// @ts-expect-error: it has no types; what is used of it is declared below.
import { parse } from 'mpd-parser';

/** One track, its periods one after another. */
interface ReadMpdTrack {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly segments: readonly {
    readonly resolvedUri: string;
    readonly duration: number;
    readonly presentationTime: number;
    readonly map: { readonly resolvedUri: string };
  }[];
}

/** What mpd-parser finds, as far as it is looked at. */
interface ReadMpd {
  readonly playlists: readonly ReadMpdTrack[];
  readonly mediaGroups: {
    /** By role and name. */
    readonly AUDIO: Readonly<
      Record<string, Readonly<Record<string, { readonly playlists: readonly ReadMpdTrack[] }>>>
    >;
  };
}

/** Reads a manifest with somebody else's parser, as if it came from `http://host/live/main/manifest.mpd`. */
export function readMpd(text: string): ReadMpd {
  const read = parse as (text: string, options: { manifestUri: string }) => ReadMpd;
  return read(text, { manifestUri: 'http://host/live/main/manifest.mpd' });
}
