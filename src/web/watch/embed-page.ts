import '../styles/embed.css';
import { channelOfPath } from './channel-of-path.ts';
import { openPlayer } from './open-player.ts';

const channel = channelOfPath(location.pathname);
if (channel) {
  document.title = channel;
  const main = document.createElement('main');
  const heading = document.createElement('h1');
  heading.className = 'visually-hidden';
  heading.textContent = channel;
  main.append(heading, openPlayer(channel));
  document.body.append(main);
} else {
  document.body.append('There is no such channel.');
}
