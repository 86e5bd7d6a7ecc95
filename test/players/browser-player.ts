import { join } from 'node:path';

/** What a player's own words are noted as, in its page. */
export interface PlayerWords {
  /** It gave up, or says so. */
  readonly fatal: string[];
  /** Gaps, stalls and retries that it tells of. */
  readonly warnings: string[];
}

/** A player as its npm package is, and how a page of somebody else's uses it. */
export interface BrowserPlayer {
  readonly name: string;
  /** The file of its package that a page includes. */
  readonly script: string;
  /** Below `/live/{channel}/`. */
  readonly path: 'index.m3u8' | 'manifest.mpd';
  /** Runs in the page: plays the address in its `<video>`. */
  readonly start: (url: string) => Promise<void>;
}

/** What `start` finds in the page beside the player's own global. */
export interface PlayerPage {
  readonly words: PlayerWords;
}

/** A file of an installed package. */
export const packageFile = (...names: readonly string[]): string =>
  join(import.meta.dirname, '..', '..', 'node_modules', ...names);
