import { isChannelName } from '../../wire/channel-name.ts';

/** The channel of `/watch/{channel}` or `/embed/{channel}`; undefined when the path names none. */
export function channelOfPath(pathname: string): string | undefined {
  const [, , name = '', rest] = pathname.split('/');
  return isChannelName(name) && !rest ? name : undefined;
}
