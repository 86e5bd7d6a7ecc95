import '../styles/watch.css';
import type { HeadwaterPlayer } from '../../player/headwater-player.ts';
import { copyText } from '../../studio/ui/copy-text.ts';
import { channelOfPath } from './channel-of-path.ts';
import { type EmbedSnippet, embedSnippets } from './embed-snippets.ts';
import { openPlayer } from './open-player.ts';

const WORDS: Partial<Record<HeadwaterPlayer['state'], string>> = {
  live: 'Live',
  offline: 'Not live yet. It starts by itself.',
  interrupted: 'Interrupted. It goes on by itself.',
  rewound: 'Earlier in the broadcast',
  ended: 'The broadcast is over.',
};

const channel = channelOfPath(location.pathname);
if (channel) showChannel(channel);
else showText('title', 'There is no such channel');

/** What the server says that the channel is called. */
function titleOf(name: string): string {
  return document.querySelector<HTMLMetaElement>('meta[name="headwater-channel"]')?.content || name;
}

function showChannel(name: string): void {
  const player = openPlayer(name);
  const channelTitle = titleOf(name);
  document.getElementById('player')?.append(player);
  const describe = () => {
    const title = player.broadcastTitle ?? channelTitle;
    const isLive = player.state === 'live';
    const viewers = isLive && player.viewers ? ` · ${player.viewers} watching` : '';
    showText('title', title);
    const words = player.replaying ? 'Replay of the last broadcast' : (WORDS[player.state] ?? '');
    showText('state', `${title === name ? '' : `${name} · `}${words}${viewers}`);
    document.title = `${isLive ? '● ' : ''}${title} · Headwater`;
  };
  showText('title', channelTitle);
  document.title = `${channelTitle} · Headwater`;
  customElements.whenDefined('headwater-player').then(describe, () => {});
  // That it is a replay is known a moment after it plays.
  for (const type of ['statechange', 'viewerschange', 'delaychange']) player.addEventListener(type, describe);
  document.getElementById('snippets')?.append(...embedSnippets(location.origin, name).map(showSnippet));
}

function showText(id: string, text: string): void {
  const element = document.getElementById(id);
  if (element && element.textContent !== text) element.textContent = text;
}

function showSnippet({ label, text }: EmbedSnippet): HTMLElement {
  const field = document.createElement('div');
  field.className = 'field';
  const id = `snippet-${label.toLowerCase().replaceAll(' ', '-')}`;
  const caption = document.createElement('label');
  caption.htmlFor = id;
  caption.textContent = label;
  const area = document.createElement('textarea');
  Object.assign(area, {
    id,
    readOnly: true,
    rows: Math.ceil(text.length / 90),
    value: text,
    spellcheck: false,
  });
  area.addEventListener('focus', () => area.select());
  const button = document.createElement('button');
  Object.assign(button, { type: 'button', className: 'button', textContent: 'Copy' });
  button.ariaLabel = `Copy ${label.toLowerCase()}`;
  button.addEventListener('click', () => {
    copyText(text).then(
      (copied) => {
        button.textContent = copied ? 'Copied' : 'Select and copy';
      },
      () => {},
    );
  });
  const row = document.createElement('div');
  row.className = 'field-with-button';
  row.append(area, button);
  field.append(caption, row);
  return field;
}
