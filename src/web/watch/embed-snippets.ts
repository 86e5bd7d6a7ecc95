/** A piece of HTML for somebody else's page. */
export interface EmbedSnippet {
  readonly label: string;
  readonly text: string;
}

/** How a channel can be put into another page. `origin` as in `https://live.example.org`; names need no escaping. */
export function embedSnippets(origin: string, channel: string): EmbedSnippet[] {
  return [
    { label: 'Watch link', text: `${origin}/watch/${channel}` },
    {
      label: 'As a frame',
      text: `<iframe src="${origin}/embed/${channel}" width="640" height="360" allow="autoplay; fullscreen; picture-in-picture" style="border:0" title="${channel}"></iframe>`,
    },
    {
      label: 'As a web component',
      text: `<script type="module" src="${origin}/player/headwater-player.js"></script>\n<headwater-player src="${origin}/live/${channel}"></headwater-player>`,
    },
  ];
}
