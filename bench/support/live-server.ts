import { type RunningServer, startServer } from '../../test/e2e/support/running-server.ts';
import { Child } from './child.ts';
import { MATERIAL_SECONDS, makeMaterial } from './material.ts';

/** A server of its own with one publisher on `main`. */
export interface LiveServer {
  readonly server: RunningServer;
  readonly publisher: Child;
  readonly port: number;
  /** The path of the picture's playlist. */
  readonly playlist: string;
  /** A figure of `/metrics`; without labels, or all of them together. */
  metric(name: string): Promise<number>;
  close(): Promise<void>;
}

/** Starts it, and waits until players of segments can be served. */
export async function startLiveServer(environment: Record<string, string> = {}): Promise<LiveServer> {
  const server = await startServer(environment);
  const created = await server.api('POST', '/api/channels/main/key');
  const { streamKey } = (await created.json()) as { streamKey: string };
  const target = `${server.url.replace('http', 'ws')}/live/main/publish|${streamKey}`;
  const publisher = new Child('publishers', [makeMaterial(), String(MATERIAL_SECONDS), 'ws', target]);
  await publisher.message();
  const playlist = `/live/main/${await videoPlaylist(server)}`;
  return {
    server,
    publisher,
    port: Number(new URL(server.url).port),
    playlist,
    metric: async (name) => sumOf(await (await server.api('GET', '/metrics')).text(), name),
    close: async () => {
      await publisher.stop();
      await server.stop();
    },
  };
}

async function videoPlaylist({ url }: RunningServer): Promise<string> {
  for (;;) {
    const answer = await fetch(`${url}/live/main/index.m3u8`);
    const name = answer.ok ? /^(.+video\.m3u8)$/m.exec(await answer.text())?.[1] : undefined;
    if (name) return name;
    await new Promise((done) => setTimeout(done, 200));
  }
}

function sumOf(text: string, name: string): number {
  const lines = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, 'gm'))];
  if (lines.length === 0) throw new Error(`there is no ${name}`);
  return lines.reduce((sum, [, value]) => sum + Number(value), 0);
}
