import type { Logger } from 'pino';
import type { Clock } from '../../channel/clock.ts';
import type { Store } from '../../store/open-store.ts';
import type { Config } from '../config/config-schema.ts';
import type { DataFolder } from '../data-folder.ts';

/** What every part of a server stands on; made by `startServer`, which also ends it. */
export interface Foundation {
  readonly config: Config;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly store: Store;
  readonly data: DataFolder;
}
