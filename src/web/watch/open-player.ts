import type { HeadwaterPlayer } from '../../player/headwater-player.ts';

/** A player of a channel. The element comes alive when its own script is there, which is loaded first. */
export function openPlayer(channel: string): HeadwaterPlayer {
  const player = document.createElement('headwater-player');
  player.setAttribute('src', `/live/${channel}`);
  return player;
}
