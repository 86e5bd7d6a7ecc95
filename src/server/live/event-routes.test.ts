import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Hub } from '../../channel/hub.ts';
import { ManualClock } from '../../channel/manual-clock.ts';
import type { Publication } from '../../channel/publication.ts';
import { OPUS } from '../../media/mp4/synthetic-mp4.ts';
import { milliseconds, timescale } from '../../media/time.ts';
import { Packager } from '../../package/packager.ts';
import type { Store } from '../../store/open-store.ts';
import { TrustedProxies } from '../auth/trusted-proxies.ts';
import { createHttp } from '../http/create-http.ts';
import type { Http } from '../http/http.ts';
import { listen } from '../listen.ts';
import { ChannelEvents } from './channel-events.ts';
import { eventRoutes } from './event-routes.ts';
import { ViewerCounts } from './viewer-counts.ts';

let clock: ManualClock;
let hub: Hub;
let viewers: ViewerCounts;
let http: Http;
let url: string;
let requests: AbortController[];

beforeEach(async () => {
  clock = new ManualClock();
  requests = [];
  hub = new Hub({ clock, newBroadcastId: () => 'b1' });
  viewers = new ViewerCounts({ clock, onChange: (channel) => events.viewersChanged(channel) });
  const events = new ChannelEvents(hub, {
    audienceOf: (channel) => viewers.of(channel),
    rewindable: () => true,
  });
  http = await createHttp(pino({ level: 'silent' }), new TrustedProxies([]));
  const stored = { find: async (name: string) => (name === 'idle' ? { name } : undefined) };
  eventRoutes(http, { hub, store: { channels: stored } as unknown as Store, events, mostFollowers: 2 });
  url = await listen(http, '127.0.0.1', 0);
});
afterEach(async () => {
  for (const request of requests) request.abort();
  viewers.close();
  hub.close();
  await http.close();
  expect(clock.pending).toBe(0);
});

const open = (live = true) => hub.open('main', { reconnectGrace: milliseconds(30_000), live });

/** Goes live, with sound alone. */
function publish(live = true): Publication {
  const publication = open(live).publish({ title: 'By the lake' });
  const { position: startAt, nextEpoch: firstEpoch } = publication;
  const captureClock = { known: false, wallClock: () => clock.wall() };
  new Packager({ sink: publication, startAt, firstEpoch, captureClock }).tracks([
    { ...OPUS, timescale: timescale(1000) },
  ]);
  return publication;
}

/** Follows a channel: answers the next event each time that it is asked. */
async function follow(channel = 'main'): Promise<() => Promise<unknown>> {
  const request = new AbortController();
  requests.push(request);
  const response = await fetch(`${url}/live/${channel}/events`, { signal: request.signal });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  expect(response.headers.get('access-control-allow-origin')).toBe('*');
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return async () => {
    for (;;) {
      const [whole, data] = /^[\s\S]*?data: (.*)\n\n/.exec(text) ?? [];
      if (whole !== undefined && data !== undefined) {
        text = text.slice(whole.length);
        return JSON.parse(data);
      }
      const { value, done } = (await reader?.read()) ?? { done: true };
      if (done) throw new Error('the events ended');
      text += value;
    }
  };
}

describe('the events of a channel', () => {
  it('tell how it is, and then what happens', async () => {
    const next = await follow('idle');
    expect(await next()).toEqual({ type: 'offline' });
    open();
    const nextOfMain = await follow();
    expect(await nextOfMain()).toEqual({ type: 'offline' });
    expect(await nextOfMain()).toMatchObject({ type: 'viewers', count: 0 });
    const publication = publish();
    expect(await nextOfMain()).toMatchObject({
      type: 'live',
      broadcast: 'b1',
      title: 'By the lake',
      dvr: true,
    });
    publication.markLost();
    expect(await nextOfMain()).toEqual({ type: 'interrupted', grace: 30_000 });
    publication.markResumed();
    expect(await nextOfMain()).toEqual({ type: 'resumed' });
    publication.end();
    expect(await nextOfMain()).toEqual({ type: 'ended' });
  });

  it('tell who watches, by transport', async () => {
    publish();
    const next = await follow();
    expect(await next()).toMatchObject({ type: 'live' });
    expect(await next()).toMatchObject({ type: 'viewers', count: 0 });
    viewers.open('main', { address: '10.0.0.1', userAgent: 'a' });
    viewers.seen('main', 'hls', { address: '10.0.0.1', userAgent: 'a' });
    clock.advance(1000);
    expect(await next()).toEqual({
      type: 'viewers',
      count: 1,
      sessions: { websocket: 1, hls: 1, dash: 0, dvr: 0 },
      unique: 1,
    });
  });

  it('tell nothing of what is not to be watched', async () => {
    publish(false);
    const next = await follow();
    expect(await next()).toEqual({ type: 'offline' });
  });

  it('are refused for a channel that is none, and beyond their bound until somebody leaves', async () => {
    expect((await fetch(`${url}/live/nowhere/events`)).status).toBe(404);
    await follow('idle');
    await follow('idle');
    const refused = await fetch(`${url}/live/idle/events`);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    requests[0]?.abort();
    let status = 503;
    while (status === 503) {
      const request = new AbortController();
      requests.push(request);
      ({ status } = await fetch(`${url}/live/idle/events`, { signal: request.signal }));
    }
    expect(status).toBe(200);
  });
});
