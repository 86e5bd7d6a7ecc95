/** What a secret is replaced with. */
export const REDACTED = '[redacted]';

/** Fields whose values are never logged, at the top of a log line and one or two levels down. */
const SECRET_FIELDS = [
  'authorization',
  'cookie',
  '["set-cookie"]',
  '["sec-websocket-protocol"]',
  'key',
  'streamKey',
  'token',
  'adminToken',
  'password',
  'secret',
];

/** Paths for pino's `redact`. */
export const SECRET_PATHS = SECRET_FIELDS.flatMap((field) =>
  ['', '*', '*.*'].map((above) =>
    above === '' ? field : field.startsWith('[') ? above + field : `${above}.${field}`,
  ),
);

/**
 * The last line of defence, over every finished log line: secrets in addresses, in `Bearer` headers and in session
 * cookies are cut out wherever a message or a foreign error quotes them.
 */
export function redactText(text: string): string {
  return text
    .replace(/([?&](?:key|token|access_token)=)[^&\s"'#\\]+/gi, `$1${REDACTED}`)
    .replace(/(\bBearer\s+)[\x21\x23-\x5b\x5d-\x7e]+/gi, `$1${REDACTED}`)
    .replace(/(headwater_session=)[^;\s"\\]+/g, `$1${REDACTED}`);
}
