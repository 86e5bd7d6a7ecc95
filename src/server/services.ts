import type { Logger } from 'pino';
import type { Clock } from '../channel/clock.ts';
import type { Store } from '../store/open-store.ts';
import type { AdminAuth } from './auth/admin-auth.ts';
import type { FailedAttempts } from './auth/failed-attempts.ts';
import type { SecretSeal } from './auth/secret-seal.ts';
import type { StreamKeys } from './auth/stream-keys.ts';
import type { TrustedProxies } from './auth/trusted-proxies.ts';
import type { Config } from './config/config-schema.ts';
import type { Destinations } from './live/destinations.ts';
import type { LiveChannels } from './live/live-channels.ts';
import type { Recordings } from './live/recordings.ts';
import type { ServerMetrics } from './metrics/server-metrics.ts';

/** What the parts of the server share; made by `startServer`, which also ends it. */
export interface Services {
  readonly config: Config;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly store: Store;
  readonly admin: AdminAuth;
  readonly streamKeys: StreamKeys;
  /** Of stream keys, by address and channel. */
  readonly keyFailures: FailedAttempts;
  readonly proxies: TrustedProxies;
  readonly channels: LiveChannels;
  readonly recordings: Recordings;
  readonly destinations: Destinations;
  /** Seals the stream keys of destinations. */
  readonly destinationKeys: SecretSeal;
  readonly metrics: ServerMetrics;
}
