import { isChannelName } from '../wire/channel-name.ts';
import { DEFAULT_NAME_PREFIX } from '../wire/name-prefix.ts';

/** What the address of `/record` asks for. */
export interface RecordOptions {
  readonly channel: string;
  readonly namePrefix: string;
  /** Milliseconds. */
  readonly chunkTime: number;
  /** The stream key; undefined where a sign-in is to do. */
  readonly key: string | undefined;
}

const CHUNK_TIME = { least: 100, usual: 1000, most: 10_000 };
const MAX_PREFIX = 1000;

/**
 * Reads `?channel=…&name_prefix=…&chunk_time=…#key=…`; `fname_prefix` is taken for `name_prefix`. Undefined without a
 * channel's name; what else makes no sense is as if it were left out.
 */
export function parseRecordAddress(search: string, hash: string): RecordOptions | undefined {
  const query = new URLSearchParams(search);
  const channel = query.get('channel') ?? '';
  if (!isChannelName(channel)) return undefined;
  const prefix = query.get('name_prefix') ?? query.get('fname_prefix') ?? '';
  const asked = Number(query.get('chunk_time') ?? Number.NaN);
  const { least, usual, most } = CHUNK_TIME;
  return {
    channel,
    namePrefix: prefix.slice(0, MAX_PREFIX) || DEFAULT_NAME_PREFIX,
    chunkTime: Number.isFinite(asked) && asked > 0 ? Math.min(most, Math.max(least, asked)) : usual,
    key: new URLSearchParams(hash.replace(/^#/, '')).get('key') || undefined,
  };
}
