import '../styles/embed.css';
import { channelOfPath } from './channel-of-path.ts';
import { openPlayer } from './open-player.ts';

const channel = channelOfPath(location.pathname);
if (channel) {
  document.title = channel;
  document.body.append(openPlayer(channel));
} else {
  document.body.append('There is no such channel.');
}
