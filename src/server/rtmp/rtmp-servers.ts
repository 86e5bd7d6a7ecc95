import { readFileSync, statSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import type { Logger } from 'pino';
import type { Clock, Timer } from '../../channel/clock.ts';
import { milliseconds } from '../../media/time.ts';
import type { Config } from '../config/config-schema.ts';
import { checkAddress, listenAt, localNameOf } from '../listen.ts';
import { StartError } from '../start-error.ts';

/** Where publishers are taken in over RTMP, from this machine: `rtmp://127.0.0.1:1935/live`. */
export interface RtmpAddresses {
  readonly plain: string | undefined;
  /** With TLS; by the name of the certificate from elsewhere. */
  readonly tls: string | undefined;
}

/** What they are made with. */
export interface RtmpServersOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
  accept(socket: Socket): void;
}

const HANDSHAKE_TIMEOUT = 10_000;
/** At once on each port, handshakes of TLS among them. */
const MAX_CONNECTIONS = 1000;
/** A certificate that was renewed is used after this long. */
const CERTIFICATE_CHECK = milliseconds(60_000);
const PORT_VARIABLE = 'HEADWATER_INGEST_RTMP_PORT';
const TLS_PORT_VARIABLE = 'HEADWATER_INGEST_RTMP_TLS_PORT';

/** Makes sure that what is set can be used, before anything else is touched. Throws StartError in words. */
export async function checkRtmpSettings(config: Config): Promise<void> {
  const { enabled, plain, port, tlsPort } = config.ingest.rtmp;
  if (!enabled) return;
  if (plain) await checkAddress(hostOf(config), port, PORT_VARIABLE);
  if (hasTls(config)) {
    loadCertificate(config);
    await checkAddress(hostOf(config), tlsPort, TLS_PORT_VARIABLE);
  } else if (!plain) {
    const message =
      'ingest.rtmp.plain is false, and there is no ingest.rtmp.certificate: nobody could publish.';
    throw new StartError('certificate-unusable', message);
  }
}

/** The sockets that RTMP publishers connect to. Whoever opens them closes them. */
export class RtmpServers {
  readonly #options: RtmpServersOptions;
  readonly #servers: Server[] = [];
  #timer: Timer | undefined;
  #readAt = 0;

  constructor(options: RtmpServersOptions) {
    this.#options = options;
  }

  /** Listens as is set. Throws StartError in words. */
  async listen(): Promise<RtmpAddresses> {
    const { config } = this.#options;
    const { enabled, plain, port, tlsPort } = config.ingest.rtmp;
    if (!enabled) return { plain: undefined, tls: undefined };
    return {
      plain: plain ? await this.#open('rtmp', this.#createPlain(), port, PORT_VARIABLE) : undefined,
      tls: hasTls(config)
        ? await this.#open('rtmps', this.#createTls(), tlsPort, TLS_PORT_VARIABLE)
        : undefined,
    };
  }

  /** Takes nobody any more; who is connected is not its business. Idempotent. */
  close(): void {
    this.#timer?.cancel();
    for (const server of this.#servers) server.close();
  }

  async #open(scheme: string, server: Server, port: number, variable: string): Promise<string> {
    const { config, logger } = this.#options;
    this.#servers.push(server);
    server.maxConnections = MAX_CONNECTIONS;
    const host = hostOf(config);
    const actual = await listenAt(server, host, port, variable);
    server.on('error', (error) => logger.error({ err: error }, 'the RTMP port failed'));
    const address = `${scheme}://${localNameOf(host)}:${actual}/live`;
    logger.info(`taking publishers in at ${address}`);
    return address;
  }

  #createPlain(): Server {
    return createServer((socket) => this.#options.accept(socket));
  }

  #createTls(): Server {
    const { config } = this.#options;
    this.#readAt = changedAt(config);
    const options = {
      ...loadCertificate(config),
      minVersion: 'TLSv1.2' as const,
      handshakeTimeout: HANDSHAKE_TIMEOUT,
    };
    const server = createTlsServer(options, (socket) => this.#options.accept(socket));
    // Who does not speak TLS, or does not trust the certificate.
    server.on('tlsClientError', (_, socket) => socket.destroy());
    this.#watchCertificate(server);
    return server;
  }

  #watchCertificate(server: TlsServer): void {
    const { clock, config, logger } = this.#options;
    this.#timer = clock.after(CERTIFICATE_CHECK, () => {
      try {
        const at = changedAt(config);
        if (at === this.#readAt) return;
        this.#readAt = at;
        server.setSecureContext(loadCertificate(config));
        logger.info('the certificate for RTMPS was renewed');
      } catch (error) {
        logger.error({ err: error }, 'the new certificate for RTMPS cannot be used: the old one stays');
      } finally {
        this.#watchCertificate(server);
      }
    });
  }
}

const hostOf = ({ ingest, server }: Config): string => ingest.rtmp.host || server.host;

const hasTls = ({ ingest }: Config): boolean => ingest.rtmp.certificate !== '';

/** When either file changed last; 0 for one that is not there now. Throws where it cannot be told. */
function changedAt({ ingest: { rtmp } }: Config): number {
  const times = [rtmp.certificate, rtmp.certificateKey].map(
    (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0,
  );
  return times.includes(0) ? 0 : Math.max(...times);
}

function loadCertificate({ ingest: { rtmp } }: Config): { cert: Buffer; key: Buffer } {
  try {
    const files = { cert: readFileSync(rtmp.certificate), key: readFileSync(rtmp.certificateKey) };
    createSecureContext(files);
    return files;
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    const message = `The certificate for RTMPS cannot be used: ${words}. Set ingest.rtmp.certificate and ingest.rtmp.certificateKey to PEM files that belong together.`;
    throw new StartError('certificate-unusable', message, { cause });
  }
}
