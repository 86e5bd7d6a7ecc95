import type { BrowserPlayer } from './browser-player.ts';
import type { LiveScene } from './live-scene.ts';
import { type PlayerObservations, readProbe, untilPictures } from './player-probe.ts';

/** When what happens to the publisher, in ms from the first picture on. */
export interface Faults {
  readonly cutAt: number;
  /** For so long the publisher's network is gone. */
  readonly cut: number;
  /** It is closed there, and another session begins. */
  readonly reloadAt: number;
  readonly end: number;
}

/** Two minutes. */
export const TWO_MINUTES: Faults = { cutAt: 40_000, cut: 4000, reloadAt: 75_000, end: 120_000 };

/** How a player did. Moments in ms since 1970. */
export interface PlayedThrough extends PlayerObservations {
  readonly player: BrowserPlayer;
  /** From the start of the player to its first picture. */
  readonly startup: number;
  readonly begin: number;
  /** From, to: the publisher was away, first for its network and then for the reload. */
  readonly away: readonly (readonly [number, number])[];
  readonly end: number;
}

const PATIENCE = 30_000;

/** Plays in one player while the publisher is cut off, and comes back with another session. */
export async function playThrough(
  scene: LiveScene,
  player: BrowserPlayer,
  faults: Faults,
): Promise<PlayedThrough> {
  await scene.untilServed(player.path);
  const { context, page } = await scene.openPlayer(player);
  try {
    const startup = await untilPictures(page, PATIENCE);
    const begin = Date.now();
    const until = (at: number) => new Promise((done) => setTimeout(done, begin + at - Date.now()));
    await until(faults.cutAt);
    const cut = Date.now();
    await scene.cutStudio(faults.cut);
    const mended = Date.now();
    await until(faults.reloadAt);
    const reload = Date.now();
    await scene.reloadStudio();
    const reloaded = Date.now();
    await until(faults.end);
    const seen = await readProbe(page);
    const away = [
      [cut, mended],
      [reload, reloaded],
    ] as const;
    return { ...seen, player, startup, begin, away, end: Date.now() };
  } finally {
    await context.close();
  }
}
