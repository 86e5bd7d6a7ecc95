import { isChannelName } from '../../../wire/channel-name.ts';
import { UsageError } from '../usage-error.ts';

/** Where to publish to: the WebSocket's address, and a key that stood in it. */
export interface PublishTarget {
  readonly url: string;
  readonly channel: string;
  readonly key: string | undefined;
}

/**
 * Reads `http://host/live/main`, `…/watch/main`, `…/studio/main` or `ws://host/live/main/publish`. A key in the query is taken
 * out of the address, so that it is sent as a header and shown nowhere. Throws UsageError.
 */
export function parsePublishTarget(text: string): PublishTarget {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const scheme = url && SCHEMES[url.protocol];
  const match = /^(.*)\/(?:live|watch|studio)\/([^/]+)(?:\/publish)?\/?$/.exec(url?.pathname ?? '');
  const [, prefix = '', channel = ''] = match ?? [];
  if (!url || !scheme || !isChannelName(channel)) {
    throw new UsageError(
      `--to: expected an address such as http://127.0.0.1:8080/live/main, got "${withoutQuery(text)}".`,
    );
  }
  const key = url.searchParams.get('key') ?? undefined;
  return { url: `${scheme}//${url.host}${prefix}/live/${channel}/publish`, channel, key };
}

const SCHEMES: Readonly<Record<string, string>> = {
  'http:': 'ws:',
  'https:': 'wss:',
  'ws:': 'ws:',
  'wss:': 'wss:',
};

const withoutQuery = (text: string) => text.split('?')[0];
