import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../../src/channel/clock.ts';
import { DashEgress } from '../../../src/egress/dash/dash-egress.ts';
import { HlsEgress } from '../../../src/egress/hls/hls-egress.ts';
import { DeliveryError } from '../../../src/egress/http/delivery-error.ts';
import { findMedia, parseMediaName } from '../../../src/egress/http/media-resource.ts';
import type { Presentation } from '../../../src/egress/http/presentation.ts';
import { sendMedia } from '../../../src/egress/http/send-media.ts';

/** A request, and what came of it so far. */
export interface Asked {
  /** Undefined while nothing was sent. */
  readonly status: number | undefined;
  /** As its head says; undefined where it does not. */
  readonly length: number | undefined;
  readonly body: Buffer;
  /** Nothing follows. */
  readonly ended: boolean;
}

/** Directives of a request for a playlist (rfc8216bis §6.2.5). */
export type Directives = Readonly<Record<string, string>>;

/** What players are served by; requests that wait are answered later. */
export interface Origin {
  playlist(track: 'video' | 'audio', directives: Directives): Asked;
  /** `name`: as playlists say it, `video/part-1.m4s`. */
  media(name: string): Asked;
  manifest(): Asked;
}

/** Takes all at once, as a client whose network is never full. */
class FakeResponse extends EventEmitter implements Asked {
  status: number | undefined;
  length: number | undefined;
  ended = false;
  destroyed = false;
  readonly #pieces: Uint8Array[] = [];

  get body(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  writeHead(status: number, headers: Readonly<Record<string, string | number>> = {}): this {
    this.status = status;
    const length = headers['content-length'];
    this.length = length === undefined ? undefined : Number(length);
    return this;
  }

  cork(): void {}
  uncork(): void {}

  write(piece: Uint8Array): boolean {
    this.#pieces.push(piece);
    return true;
  }

  end(piece?: Uint8Array): this {
    if (piece) this.#pieces.push(piece);
    this.ended = true;
    this.emit('close');
    return this;
  }
}

const REQUEST = { method: 'GET', headers: {}, httpVersion: '1.1' } as IncomingMessage;

/** A presentation as its egress serves it, without sockets. */
export class PresentationOrigin implements Origin {
  readonly #presentation: Presentation;
  readonly #egress = new HlsEgress();

  readonly #dash: DashEgress;

  constructor(presentation: Presentation, clock: Clock) {
    this.#presentation = presentation;
    this.#dash = new DashEgress(clock);
  }

  playlist(track: 'video' | 'audio', directives: Directives): Asked {
    return ask((response) =>
      this.#egress.sendPlaylist(this.#presentation, track, directives, REQUEST, response),
    );
  }

  media(name: string): Asked {
    const [track = '', file = ''] = name.split('/');
    return ask(async (response) => {
      const kind = track === 'video' ? 'video' : 'audio';
      const media = await findMedia(this.#presentation, kind, parseMediaName(file), response);
      if (media) sendMedia(REQUEST, response, media);
    });
  }

  manifest(): Asked {
    return ask(async (response) => this.#dash.sendManifest(this.#presentation, REQUEST, response));
  }
}

function ask(serve: (response: ServerResponse) => Promise<unknown>): Asked {
  const response = new FakeResponse();
  void serve(response as unknown as ServerResponse).catch((error: unknown) => {
    if (!(error instanceof DeliveryError)) throw error;
    response.writeHead(error.status).end();
  });
  return response;
}
