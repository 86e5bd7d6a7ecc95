/** A variant stream (rfc8216bis §4.4.6.2). */
interface Variant {
  readonly uri: string;
  /** Bits a second, the highest of any segment, its audio included. */
  readonly bandwidth: number;
  /** Bits a second, of all segments. */
  readonly averageBandwidth: number;
  /** RFC 6381, of all its renditions. */
  readonly codecs: readonly string[];
  readonly resolution?: { readonly width: number; readonly height: number } | undefined;
  /** The highest, frames a second. */
  readonly frameRate?: number | undefined;
  /** Which {@link AudioRendition}s go with it. */
  readonly audioGroup?: string | undefined;
}

/** Audio in a playlist of its own (rfc8216bis §4.4.6.1). */
export interface AudioRendition {
  readonly group: string;
  readonly name: string;
  readonly uri: string;
  readonly channels: number;
  /** Played unless the viewer wants another one. */
  readonly isDefault: boolean;
}

/** All that a player may choose from (rfc8216bis §4.1). */
export interface MultivariantPlaylist {
  readonly variants: readonly Variant[];
  readonly audio: readonly AudioRendition[];
}

/** Writes a multivariant playlist (rfc8216bis §4.4.6). */
export function formatMultivariantPlaylist({ variants, audio }: MultivariantPlaylist): string {
  const lines = ['#EXTM3U', '#EXT-X-VERSION:6'];
  for (const { group, name, uri, channels, isDefault } of audio) {
    const flags = `DEFAULT=${isDefault ? 'YES' : 'NO'},AUTOSELECT=YES,CHANNELS="${channels}"`;
    lines.push(`#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="${group}",NAME="${name}",${flags},URI="${uri}"`);
  }
  for (const variant of variants) lines.push(`#EXT-X-STREAM-INF:${formatAttributes(variant)}`, variant.uri);
  lines.push('');
  return lines.join('\n');
}

function formatAttributes(variant: Variant): string {
  const { bandwidth, averageBandwidth, codecs, resolution, frameRate, audioGroup } = variant;
  const attributes = [
    `BANDWIDTH=${bandwidth}`,
    `AVERAGE-BANDWIDTH=${averageBandwidth}`,
    `CODECS="${codecs.join(',')}"`,
  ];
  if (resolution) attributes.push(`RESOLUTION=${resolution.width}x${resolution.height}`);
  if (frameRate !== undefined) attributes.push(`FRAME-RATE=${frameRate.toFixed(3)}`);
  if (audioGroup !== undefined) attributes.push(`AUDIO="${audioGroup}"`);
  attributes.push('CLOSED-CAPTIONS=NONE');
  return attributes.join(',');
}
