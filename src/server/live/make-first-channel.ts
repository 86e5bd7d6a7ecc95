import { randomUUID } from 'node:crypto';
import type { Clock } from '../../channel/clock.ts';
import type { Store } from '../../store/open-store.ts';
import type { StreamKeys } from '../auth/stream-keys.ts';

const NAME = 'main';

/** Makes the channel `main` where there is none at all: a server without a channel would be of no use. */
export async function makeFirstChannel(services: {
  readonly store: Store;
  readonly streamKeys: StreamKeys;
  readonly clock: Clock;
}): Promise<void> {
  const { store, streamKeys, clock } = services;
  if ((await store.channels.list()).length > 0) return;
  const channel = {
    id: randomUUID(),
    name: NAME,
    title: NAME,
    record: true,
    live: true,
    reconnectGrace: null,
    maxDuration: null,
    createdAt: clock.wall(),
    keepBytes: null,
    keepDays: null,
    keepOriginal: false,
    dvr: null,
  };
  await store.channels.create(channel, streamKeys.make());
}
