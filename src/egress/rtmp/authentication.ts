import { createHash, randomBytes } from 'node:crypto';
import { DestinationError } from './destination-error.ts';
import type { PublishTarget } from './publish-target.ts';

/** The server wants to know who publishes, by Adobe's challenge and response. */
export class AuthenticationDemand extends DestinationError {
  /** What the server said. */
  readonly said: string;

  constructor(said: string) {
    super('connect-refused', wordsFor(said), true);
    this.said = said;
  }
}

/** First it wants the user's name, then the answer to its challenge. */
const MOST_DEMANDS = 2;
const ADOBE = 'authmod=adobe';

/** Whether what a server said to `connect` is such a demand. */
export function demandsAuthentication(said: string): boolean {
  return said.includes(ADOBE);
}

/**
 * Connects, again with what the server asks for wherever it demands that and there are credentials. Answers what the last
 * connection did.
 */
export async function withAuthentication(
  target: PublishTarget,
  connect: (target: PublishTarget) => Promise<DestinationError | undefined>,
): Promise<DestinationError | undefined> {
  let error = await connect(target);
  for (let demands = 0; demands < MOST_DEMANDS && error instanceof AuthenticationDemand; demands += 1) {
    const query = answerTo(error.said, target, randomBytes(4).toString('hex'));
    if (query === undefined) return error;
    error = await connect(withQuery(target, query));
  }
  return error;
}

/**
 * Answers a demand as encoders do, for the query of the application: Adobe's FMLE authentication, whose digests are
 * base64 of MD5. Undefined without credentials, and where they were refused. `challenge`: 8 hexadecimal digits.
 */
function answerTo(said: string, { credentials }: PublishTarget, challenge: string): string | undefined {
  if (!credentials) return undefined;
  const { user, password } = credentials;
  const known = `${ADOBE}&user=${user}`;
  const fields = fieldsOf(said);
  if (fields.get('reason') === undefined) return known;
  const salt = fields.get('salt');
  if (fields.get('reason') !== 'needauth' || salt === undefined) return undefined;
  const opaque = fields.get('opaque');
  const secret = digest(user + salt + password);
  const response = digest(secret + (opaque ?? fields.get('challenge') ?? '') + challenge);
  const answer = `${known}&challenge=${challenge}&response=${response}`;
  return opaque === undefined ? answer : `${answer}&opaque=${opaque}`;
}

const digest = (text: string): string => createHash('md5').update(text).digest('base64');

/** Of `… : ?reason=needauth&user=…&salt=…&challenge=…`; values are base64, with `=` at their ends. */
function fieldsOf(said: string): Map<string, string> {
  const [, query = ''] = /\?(\S+)/.exec(said) ?? [];
  return new Map(
    query.split('&').map((field): [string, string] => {
      const at = field.indexOf('=');
      return [field.slice(0, Math.max(at, 0)), field.slice(at + 1)];
    }),
  );
}

function withQuery(target: PublishTarget, query: string): PublishTarget {
  const add = (text: string) => `${text}${text.includes('?') ? '&' : '?'}${query}`;
  return { ...target, app: add(target.app), tcUrl: add(target.tcUrl) };
}

/** For whoever set the destination up, where it could not be answered. */
function wordsFor(said: string): string {
  const reason = fieldsOf(said).get('reason');
  if (reason !== undefined && reason !== 'needauth')
    return 'The server refuses the user name or the password that stand behind the stream key.';
  return 'The server wants a user name and a password. Write them behind the stream key: name pubUser=… pubPasswd=….';
}
