import { escapeHtml } from './escape-html.ts';

/** What others are told of a channel that anybody may watch. */
export interface EmbeddedChannel {
  readonly name: string;
  /** Of the broadcast that is on, or else the channel's. */
  readonly title: string;
  /** The channel's own. */
  readonly channelTitle: string;
  /** There may be a picture of it. */
  readonly live: boolean;
}

/** A width and height in CSS pixels. */
export interface EmbedSize {
  readonly width: number;
  readonly height: number;
}

const PROVIDER = 'Headwater';
const SIZE: EmbedSize = { width: 1280, height: 720 };
const SHAPE = SIZE.width / SIZE.height;
const CACHE_SECONDS = 60;
const PERMISSIONS = 'autoplay; fullscreen; picture-in-picture';

/** The largest player of the usual shape within bounds, and never larger than it is by itself; at least 160 wide. */
export function fitEmbed(maxWidth: number | undefined, maxHeight: number | undefined): EmbedSize {
  const { width, height } = SIZE;
  const fitting = Math.min(width, maxWidth ?? width, (maxHeight ?? height) * SHAPE);
  const whole = Math.max(160, Math.floor(fitting));
  return { width: whole, height: Math.round(whole / SHAPE) };
}

/**
 * What goes into the head of a watch page for programs that make cards of links: OpenGraph, Twitter's card, and the link to
 * oEmbed. `origin` as in `https://live.example.org`.
 */
export function formatChannelHead(origin: string, channel: EmbeddedChannel): string {
  const { name, title, channelTitle, live } = channel;
  const watch = `${origin}/watch/${name}`;
  const embed = `${origin}/embed/${name}`;
  const secure = origin.startsWith('https:');
  const size = [
    ['og:video:width', String(SIZE.width)],
    ['og:video:height', String(SIZE.height)],
  ] as const;
  const properties: (readonly [string, string])[] = [
    ['og:type', 'video.other'],
    ['og:site_name', PROVIDER],
    ['og:title', title],
    ['og:url', watch],
    ...(live ? ([['og:image', `${origin}/live/${name}/poster`]] as const) : []),
    ['og:video', embed],
    ...(secure ? ([['og:video:secure_url', embed]] as const) : []),
    ['og:video:type', 'text/html'],
    ...size,
  ];
  const card: (readonly [string, string])[] = [
    ['twitter:card', 'player'],
    ['twitter:title', title],
    ['twitter:player', embed],
    ['twitter:player:width', String(SIZE.width)],
    ['twitter:player:height', String(SIZE.height)],
  ];
  const oembed = `${origin}/oembed?url=${encodeURIComponent(watch)}&format=json`;
  return [
    ...properties.map(([key, value]) => `<meta property="${key}" content="${escapeHtml(value)}">`),
    ...card.map(([key, value]) => `<meta name="${key}" content="${escapeHtml(value)}">`),
    // For the page itself: what it is called while no broadcast with a title is on.
    `<meta name="headwater-channel" content="${escapeHtml(channelTitle)}">`,
    `<link rel="canonical" href="${escapeHtml(watch)}">`,
    `<link rel="alternate" type="application/json+oembed" href="${escapeHtml(oembed)}" title="${escapeHtml(title)}">`,
  ].join('\n    ');
}

/** The oEmbed answer for a channel (oembed.com §2.3.4, type video). */
export function describeEmbed(origin: string, channel: EmbeddedChannel, size: EmbedSize): object {
  const { name, title, live } = channel;
  const { width, height } = size;
  const source = escapeHtml(`${origin}/embed/${name}`);
  const thumbnail = {
    thumbnail_url: `${origin}/live/${name}/poster`,
    thumbnail_width: width,
    thumbnail_height: height,
  };
  return {
    version: '1.0',
    type: 'video',
    provider_name: PROVIDER,
    provider_url: origin,
    title,
    width,
    height,
    html: `<iframe src="${source}" width="${width}" height="${height}" allow="${PERMISSIONS}" allowfullscreen style="border:0" title="${escapeHtml(title)}"></iframe>`,
    cache_age: CACHE_SECONDS,
    ...(live && thumbnail),
  };
}
