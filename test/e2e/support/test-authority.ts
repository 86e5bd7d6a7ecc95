import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** PEM files of a server. */
export interface TestCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate authority of the test's own, made by openssl. */
export class TestAuthority {
  /** Its certificate: a PEM file. */
  readonly file: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'headwater-ca-'));
  readonly #key: string;

  constructor(name: string) {
    this.file = join(this.#folder, 'ca.pem');
    this.#key = join(this.#folder, 'ca.key');
    const subject = ['-subj', `/CN=${name}`, '-keyout', this.#key, '-out', this.file];
    openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject);
  }

  /** A certificate for that host. */
  issue(host: string): TestCertificate {
    const path = (ending: string) => join(this.#folder, `${host}.${ending}`);
    openssl(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      `/CN=${host}`,
      '-keyout',
      path('key'),
      '-out',
      path('csr'),
    );
    writeFileSync(path('ext'), `subjectAltName=DNS:${host}`);
    const signed = ['-CA', this.file, '-CAkey', this.#key, '-CAcreateserial', '-extfile', path('ext')];
    openssl('x509', '-req', '-days', '2', '-in', path('csr'), ...signed, '-out', path('pem'));
    return { certificate: path('pem'), key: path('key') };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: 'ignore' });
}
