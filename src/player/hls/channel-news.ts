import { PlayProtocolError, parsePlayMessage } from '../load/parse-play-message.ts';
import type { PlayNews } from '../load/play-connection.ts';

/** News of a channel, as they are made, until it is closed. */
export interface ChannelNews {
  close(): void;
}

/** Follows a channel's news. They come as well as they can: who follows must do without where there are none. */
export type FollowChannel = (onNews: (news: PlayNews) => void) => ChannelNews;

/** Follows `GET /live/{channel}/events` (server-sent events), with the messages of the play protocol. */
export function followEvents(url: string): FollowChannel {
  return (onNews) => {
    const source = new EventSource(url);
    source.addEventListener('message', ({ data }: MessageEvent<string>) => {
      const news = readNews(data);
      if (news) onNews(news);
    });
    return { close: () => source.close() };
  };
}

function readNews(data: string): PlayNews | undefined {
  try {
    const message = parsePlayMessage(data);
    return message && message.type !== 'tracks' && message.type !== 'pong' ? message : undefined;
  } catch (error) {
    if (error instanceof PlayProtocolError) return undefined;
    throw error;
  }
}
