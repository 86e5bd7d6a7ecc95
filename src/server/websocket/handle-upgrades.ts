import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Channel } from '../../channel/channel.ts';
import type { ViewerSocket } from '../../egress/websocket/viewer.ts';
import type { PublisherRequest } from '../../ingest/websocket/publisher-socket.ts';
import { isChannelName } from '../../wire/channel-name.ts';
import { CLOSE } from '../../wire/close-codes.ts';
import { networkOf } from '../../wire/network-of.ts';
import { MAX_TEXT_BYTES } from '../../wire/peer-watch.ts';
import { PLAY_PROTOCOL } from '../../wire/play.ts';
import { PUBLISH_PROTOCOL } from '../../wire/publish.ts';
import { channelNotFound, HttpError } from '../http/http-error.ts';
import { refuseSocket } from '../http/refuse-socket.ts';
import type { Visitor } from '../live/viewer-counts.ts';
import type { Services } from '../services.ts';
import { admitPublisher, KeyCheck } from './admit-publisher.ts';

/** Who takes the sockets that were let in. */
export interface SocketHandlers {
  publish(socket: WebSocket, request: PublisherRequest): void;
  play(viewer: ViewerSocket, channel: Channel, visitor: Visitor): void;
}

/** Bytes of a publisher's message; a viewer has nothing to say but short texts. */
const MAX_PAYLOAD = 4 * 1024 * 1024;
const MAX_FRAGMENTS = 64;
const CLOSE_TIMEOUT = 3_000;
const HANDSHAKE_TIMEOUT = 10_000;
const MAX_URL = 2048;

/** Answers every WebSocket upgrade of the server: `/live/{channel}/publish` and `/live/{channel}/ws`. */
export function handleUpgrades(server: Server, services: Services, handlers: SocketHandlers): void {
  const { store, admin, streamKeys, keyFailures: failures, config, proxies, metrics, logger } = services;
  const options = { admin, streamKeys, failures, origins: config.server.origins };
  const endpoints = {
    publish: openEndpoint(PUBLISH_PROTOCOL, MAX_PAYLOAD),
    ws: openEndpoint(PLAY_PROTOCOL, MAX_TEXT_BYTES),
  };

  const answer = async (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const { name, kind, query } = parseTarget(request.url ?? '');
    const endpoint = endpoints[kind];
    const protocols = readProtocols(request);
    if (protocols.length > 0 && !protocols.includes(endpoint.protocol)) {
      throw new HttpError(400, 'subprotocol-unknown', `The subprotocol here is ${endpoint.protocol}.`);
    }
    const from = proxies.originOf(request);
    const key = await store.channels.key(name);
    // A browser sees no HTTP answer to an upgrade: a viewer is let in and told by the close code.
    if (!key && kind === 'publish') throw channelNotFound(name);
    // Counted by channel too: behind one address, an encoder with an old key must not lock out another channel's.
    const keyCheck = new KeyCheck(options, key?.hash ?? '', `${networkOf(from.address)} ${name}`);
    const canSayKey = protocols.length > 0;
    const admission =
      kind === 'publish'
        ? await admitPublisher(options, { request, from, channel: name, query, canSayKey, keyCheck })
        : 'admitted';
    // Last of all that is waited for: a channel that is deleted or renamed meanwhile must not come to life again.
    const record = await store.channels.find(name);
    if (socket.destroyed) return;
    endpoint.server.handleUpgrade(request, socket, head, (webSocket) => {
      if (!record) {
        webSocket.close(CLOSE.channelNotFound, 'channel-not-found');
        return;
      }
      const channel = services.channels.open(record);
      if (kind === 'ws') {
        const visitor = { address: from.address, userAgent: request.headers['user-agent'] };
        handlers.play({ socket: webSocket, connection: socket }, channel, visitor);
        return;
      }
      const checkKey = (given: string) => keyCheck.matches(given);
      handlers.publish(webSocket, { channel, authorized: admission === 'admitted', checkKey });
    });
  };

  server.on('upgrade', (request: IncomingMessage, duplex: Duplex, head: Buffer) => {
    // A plain HTTP server upgrades nothing but TCP connections.
    const socket = duplex as Socket;
    const cleanUp = guardHandshake(socket);
    answer(request, socket, head)
      .catch((error: unknown) => {
        const refusal = error instanceof HttpError ? error : undefined;
        if (!refusal) logger.error({ err: error }, 'a WebSocket could not be accepted');
        metrics.countRefused(refusal?.code ?? 'internal');
        refuseSocket(
          socket,
          refusal ?? new HttpError(500, 'internal', 'The server failed at this. Try again.'),
        );
      })
      .finally(cleanUp);
  });
}

interface Endpoint {
  readonly protocol: string;
  readonly server: WebSocketServer;
}

function openEndpoint(protocol: string, maxPayload: number): Endpoint {
  const options = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload,
    maxFragments: MAX_FRAGMENTS,
    closeTimeout: CLOSE_TIMEOUT,
    handleProtocols: (offered: Set<string>) => (offered.has(protocol) ? protocol : false),
  };
  const server = new WebSocketServer(options);
  server.on('wsClientError', (error, socket) => {
    refuseSocket(socket, new HttpError(400, 'bad-handshake', `${error.message}.`));
  });
  return { protocol, server };
}

/** A client that goes away or falls silent before its socket is accepted costs nothing. */
function guardHandshake(socket: Duplex): () => void {
  const ignore = () => {};
  const timer = setTimeout(() => socket.destroy(), HANDSHAKE_TIMEOUT).unref();
  socket.on('error', ignore);
  return () => clearTimeout(timer);
}

function parseTarget(url: string): { name: string; kind: 'publish' | 'ws'; query: URLSearchParams } {
  const [path = '', query] = url.slice(0, MAX_URL).split('?', 2);
  const match = /^\/live\/([^/]+)\/(publish|ws)$/.exec(path);
  const [, name, kind] = match ?? [];
  if (name === undefined || (kind !== 'publish' && kind !== 'ws')) {
    throw new HttpError(
      404,
      'not-found',
      'WebSockets are at /live/{channel}/publish and /live/{channel}/ws.',
    );
  }
  if (!isChannelName(name)) {
    const message = 'A channel’s name has 1 to 64 of a-z, 0-9, - and _, and starts with a letter or a digit.';
    throw new HttpError(404, 'channel-not-found', message);
  }
  return { name, kind, query: new URLSearchParams(query) };
}

const readProtocols = (request: IncomingMessage) =>
  (request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
