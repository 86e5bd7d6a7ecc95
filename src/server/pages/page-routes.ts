import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import cors from '@fastify/cors';
import serveStatic from '@fastify/static';
import { isChannelName } from '../../wire/channel-name.ts';
import { setSessionCookie } from '../auth/session-cookie.ts';
import type { Http, HttpPlugin, HttpReply, HttpRequest } from '../http/http.ts';
import { channelNotFound, HttpError } from '../http/http-error.ts';
import { EMBED_HEADERS } from '../http/security-headers.ts';
import type { Services } from '../services.ts';
import { type EmbeddedChannel, formatChannelHead } from './embedding.ts';
import { escapeHtml } from './escape-html.ts';
import { formatSignInPage } from './message-page.ts';
import { findEmbedded, oembedRoutes, originOf } from './oembed-routes.ts';

const YEAR_SECONDS = 31_536_000;
const TOO_MANY = 'Too many wrong tokens from this address. Wait a minute and try again.';
const WRONG = 'This token is wrong. Look for a newer one in the terminal, or in the file admin-token.';

/** The browser's side: pages, their assets, and the player for other sites. `folder` is what Vite built. */
export async function pageRoutes(http: Http, services: Services, folder: string): Promise<void> {
  const signIn: HttpPlugin = async (scope) => {
    // The one form of the server; everything else is JSON.
    const parse = (_request: unknown, body: unknown, done: (error: null, fields: object) => void) =>
      done(null, Object.fromEntries(new URLSearchParams(String(body))));
    scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, parse);
    signInRoutes(scope, services);
  };
  await http.register(signIn);
  const built = existsSync(join(folder, 'index.html'));
  privatePages(http, services, built);
  publicPages(http, services, built, folder);
  oembedRoutes(http, services);
  if (built) await assets(http, folder);
}

function privatePages(http: Http, services: Services, built: boolean): void {
  const { admin } = services;
  const open = async (request: HttpRequest, reply: HttpReply) => {
    if (await admin.hasSession(request.headers)) return await sendPage(reply, built, 'index.html');
    return await sendSignIn(reply, 401, request.url);
  };
  http.get('/', { schema: { hide: true } }, async (request, reply) => {
    const { token } = request.query as { token?: unknown };
    if (typeof token !== 'string') return await open(request, reply);
    return await signIn(services, request, reply, token, '/');
  });
  http.get('/recordings', { schema: { hide: true } }, open);
  http.get('/recordings/*', { schema: { hide: true } }, open);
  http.get('/studio/*', { schema: { hide: true } }, open);
}

function publicPages(http: Http, services: Services, built: boolean, folder: string): void {
  const { store } = services;
  const checkChannel = async (request: HttpRequest) => {
    const { channel } = request.params as { channel: string };
    if (!isChannelName(channel) || !(await store.channels.find(channel))) throw channelNotFound(channel);
    return channel;
  };
  // It finds out itself who may record: a key is in the part of the address that is never sent.
  http.get('/record', { schema: { hide: true } }, async (_request, reply) =>
    sendPage(reply, built, 'index.html'),
  );
  http.get('/watch/:channel', { schema: { hide: true } }, async (request, reply) => {
    const channel = await findEmbedded(services, await checkChannel(request));
    if (!built || !channel) return await sendPage(reply, built, 'watch.html');
    const page = addToHead(await readFile(join(folder, 'watch.html'), 'utf8'), originOf(request), channel);
    return await reply.header('cache-control', 'no-cache').type('text/html; charset=utf-8').send(page);
  });
  http.get('/embed/:channel', { schema: { hide: true }, helmet: EMBED_HEADERS }, async (request, reply) => {
    await checkChannel(request);
    return await sendPage(reply, built, 'embed.html');
  });
}

/** The page, for programs that run no script: with the channel's title, and what cards of it are made from. */
function addToHead(page: string, origin: string, channel: EmbeddedChannel): string {
  const title = `<title>${escapeHtml(channel.title)} · Headwater</title>`;
  return page
    .replace(/<title>[^<]*<\/title>/, () => title)
    .replace('</head>', () => `  ${formatChannelHead(origin, channel)}\n  </head>`);
}

function signInRoutes(http: Http, services: Services): void {
  http.post('/sign-in', { schema: { hide: true } }, async (request, reply) => {
    const { token } = request.body as { token?: unknown };
    const { next } = request.query as { next?: unknown };
    return await signIn(
      services,
      request,
      reply,
      typeof token === 'string' ? token.trim() : '',
      ownPath(next),
    );
  });
}

async function signIn(
  { admin, logger }: Services,
  request: HttpRequest,
  reply: HttpReply,
  token: string,
  next: string,
): Promise<HttpReply> {
  const check = admin.checkToken(token, request.ip);
  if (check.result === 'right') {
    setSessionCookie(request, reply, await admin.startSession());
    return await reply.header('cache-control', 'no-store').redirect(next, 303);
  }
  logger.warn({ address: request.ip }, 'a sign-in was refused');
  if (check.result === 'wrong') return await sendSignIn(reply, 401, next, WRONG);
  return await sendSignIn(reply.header('retry-after', String(check.wait)), 429, next, TOO_MANY);
}

async function sendSignIn(
  reply: HttpReply,
  status: number,
  next: string,
  problem?: string,
): Promise<HttpReply> {
  reply.code(status).header('cache-control', 'no-store').type('text/html; charset=utf-8');
  return await reply.send(formatSignInPage(next, problem));
}

/** What Vite builds: the app, and the two pages that start with the player alone. */
type Page = 'index.html' | 'watch.html' | 'embed.html';

async function sendPage(reply: HttpReply, built: boolean, page: Page): Promise<HttpReply> {
  if (!built) {
    throw new HttpError(
      503,
      'pages-not-built',
      'The pages are not built. Start the server with npm start, which builds them.',
    );
  }
  return await reply.header('cache-control', 'no-cache').sendFile(page, { cacheControl: false });
}

/** Only a path on this server is gone to after signing in: nobody's link can lead away from it. */
function ownPath(next: unknown): string {
  return typeof next === 'string' && /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(next) ? next : '/';
}

async function assets(http: Http, folder: string): Promise<void> {
  await http.register(serveStatic, {
    root: folder,
    index: false,
    wildcard: true,
    schemaHide: true,
    setHeaders: (reply, path) => {
      // Vite names these by their content.
      const hashed = path.startsWith(join(folder, 'assets'));
      reply.header('cache-control', hashed ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache');
    },
  });
  const player: HttpPlugin = async (scope) => {
    await scope.register(cors, { origin: '*', methods: ['GET', 'HEAD'] });
    await scope.register(serveStatic, {
      root: join(folder, 'player'),
      prefix: '/player/',
      decorateReply: false,
      schemaHide: true,
      setHeaders: (reply) => reply.header('cache-control', 'no-cache'),
    });
  };
  await http.register(player);
}
