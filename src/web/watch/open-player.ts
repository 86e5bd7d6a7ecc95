import type { HeadwaterPlayer } from '../../player/headwater-player.ts';

/**
 * A player of a channel, with the picture of the broadcast until there is a moving one. The element comes alive when its
 * own script is there, which is loaded first.
 */
export function openPlayer(channel: string): HeadwaterPlayer {
  const player = document.createElement('headwater-player');
  player.setAttribute('src', `/live/${channel}`);
  player.setAttribute('poster', `/live/${channel}/poster?optional`);
  player.addEventListener('statechange', () => {
    // What comes next is another broadcast.
    if (player.state === 'offline' || player.state === 'ended') player.removeAttribute('poster');
  });
  return player;
}
