import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import type { TestCertificate } from './test-authority.ts';

const MODULES = '/usr/lib/nginx/modules';
const NODE_MEDIA_SERVER = join(import.meta.dirname, 'node-media-server.mjs');
const WAIT_STEP = 50;

/** Somebody else's RTMP server, with a folder of its own for what it records. */
export class OtherRtmpServer {
  /** Where to publish to, without the stream key. */
  readonly url: string;
  /** The same over TLS, where it has that. */
  readonly tlsUrl: string;
  readonly #folder: string;
  readonly #start: () => ChildProcess;
  #process: ChildProcess;

  private constructor(folder: string, ports: { rtmp: number; tls?: number }, start: () => ChildProcess) {
    this.#folder = folder;
    this.#start = start;
    this.url = `rtmp://127.0.0.1:${ports.rtmp}/live`;
    this.tlsUrl = `rtmps://localhost:${ports.tls}/live`;
    this.#process = start();
  }

  /** Debian's nginx with libnginx-mod-rtmp; with a certificate also behind its `stream` module's TLS. */
  static async nginx(options: { certificate?: TestCertificate } = {}): Promise<OtherRtmpServer> {
    const folder = await mkdtemp(join(tmpdir(), 'headwater-nginx-'));
    const [rtmp, tls] = [await freePort(), await freePort()];
    const { certificate } = options;
    const lines = [
      `load_module ${MODULES}/ngx_rtmp_module.so;`,
      certificate ? `load_module ${MODULES}/ngx_stream_module.so;` : '',
      `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log warn;`,
      'events { worker_connections 64; }',
      `rtmp { server { listen 127.0.0.1:${rtmp}; application live { live on; record all; record_path ${folder}; record_unique on; } } }`,
      certificate
        ? `stream { server { listen 127.0.0.1:${tls} ssl; ssl_certificate ${certificate.certificate}; ssl_certificate_key ${certificate.key}; proxy_pass 127.0.0.1:${rtmp}; } }`
        : '',
    ];
    await writeFile(join(folder, 'nginx.conf'), lines.join('\n'));
    const start = () => spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' });
    return await OtherRtmpServer.#ready(new OtherRtmpServer(folder, { rtmp, tls }, start), rtmp);
  }

  /** npm's node-media-server; with a secret it takes only stream keys that are signed with it. */
  static async nodeMediaServer(options: { secret?: string } = {}): Promise<OtherRtmpServer> {
    const folder = await mkdtemp(join(tmpdir(), 'headwater-nms-'));
    const rtmp = await freePort();
    const config = {
      bind: '127.0.0.1',
      rtmp: { port: rtmp },
      auth: { publish: options.secret !== undefined, secret: options.secret ?? '' },
      record: { path: folder },
      store: { path: join(folder, 'store') },
    };
    const start = () =>
      spawn(process.execPath, [NODE_MEDIA_SERVER, JSON.stringify(config)], { stdio: 'ignore' });
    return await OtherRtmpServer.#ready(new OtherRtmpServer(folder, { rtmp }, start), rtmp);
  }

  /** `ffmpeg -listen 1`: takes one publisher, and records what it sends. */
  static async ffmpeg(): Promise<OtherRtmpServer> {
    const folder = await mkdtemp(join(tmpdir(), 'headwater-listen-'));
    const rtmp = await freePort();
    const address = `rtmp://127.0.0.1:${rtmp}/live/key`;
    const args = ['-v', 'error', '-listen', '1', '-i', address, '-c', 'copy', join(folder, 'taken.flv')];
    const start = () => spawn('ffmpeg', args, { stdio: 'ignore' });
    return new OtherRtmpServer(folder, { rtmp }, start);
  }

  /** Its process. */
  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** What it recorded, in order. */
  async recordings(): Promise<string[]> {
    const files = await readdir(this.#folder, { recursive: true });
    return files
      .filter((name) => name.endsWith('.flv'))
      .sort()
      .map((name) => join(this.#folder, name));
  }

  /** Settles when it has written all that it recorded: its files grow no more. */
  async settled(): Promise<void> {
    const sizes = async () =>
      (await Promise.all((await this.recordings()).map((file) => stat(file)))).map(({ size }) => size);
    for (let before = await sizes(), same = 0; same < 10; ) {
      await new Promise((settle) => setTimeout(settle, WAIT_STEP));
      const now = await sizes();
      same = now.join() === before.join() ? same + 1 : 0;
      before = now;
    }
  }

  /** It stands still: its sockets stay, nothing is read any more. */
  freeze(): void {
    this.#process.kill('SIGSTOP');
  }

  /** It is gone, as after a crash. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    if (this.#process.exitCode === null && this.#process.signalCode === null)
      await once(this.#process, 'exit');
  }

  /** Starts again after {@link kill}. */
  async startAgain(): Promise<void> {
    this.#process = this.#start();
    await untilListening(Number(new URL(this.url).port));
  }

  /** Ends by itself: when a publisher is gone, for one that takes a single one. */
  async ended(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null)
      await once(this.#process, 'exit');
  }

  /** Ends it, and removes what it recorded. */
  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  static async #ready(server: OtherRtmpServer, port: number): Promise<OtherRtmpServer> {
    await untilListening(port);
    return server;
  }
}

async function untilListening(port: number): Promise<void> {
  for (let tries = 0; tries < 1200; tries += 1) {
    const socket = connect(port, '127.0.0.1');
    const connected = await new Promise<boolean>((settle) => {
      socket.once('connect', () => settle(true));
      socket.once('error', () => settle(false));
    });
    socket.destroy();
    if (connected) return;
    await new Promise((settle) => setTimeout(settle, WAIT_STEP));
  }
  throw new Error(`nothing listens on port ${port}`);
}
