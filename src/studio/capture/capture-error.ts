/** What is being opened. */
export type CaptureKind = 'camera' | 'microphone' | 'screen';

/** Why a device could not be opened. Stable. */
export type CaptureErrorCode =
  | 'denied'
  | 'denied-by-system'
  | 'dismissed'
  | 'no-device'
  | 'in-use'
  | 'overconstrained'
  | 'insecure'
  | 'unsupported'
  | 'lost'
  | 'failed';

/** A camera, microphone or screen could not be opened. The message says what was wrong and what to do. */
export class CaptureError extends Error {
  override readonly name = 'CaptureError';
  readonly code: CaptureErrorCode;
  readonly kind: CaptureKind;

  constructor(code: CaptureErrorCode, kind: CaptureKind) {
    super(WORDS[code](NAMES[kind], kind));
    this.code = code;
    this.kind = kind;
  }
}

const NAMES: Record<CaptureKind, string> = { camera: 'camera', microphone: 'microphone', screen: 'screen' };

const WORDS: Record<CaptureErrorCode, (name: string, kind: CaptureKind) => string> = {
  denied: (name, kind) =>
    kind === 'screen'
      ? 'This page may not capture the screen. Allow screen sharing for this site in the browser, then try again.'
      : `The ${name} is blocked for this site. Allow it with the button at the left of the address bar, then try again.`,
  'denied-by-system': (name) =>
    `The operating system does not let this browser use the ${name}. Allow it in the system’s privacy settings, then try again.`,
  dismissed: (name, kind) =>
    kind === 'screen'
      ? 'No screen was chosen. Press “Share screen” again to choose one.'
      : `The question for the ${name} was closed without an answer. Try again and choose “Allow”.`,
  'no-device': (name, kind) =>
    kind === 'screen'
      ? 'There is no screen or window that could be captured.'
      : `No ${name} was found. Plug one in, or switch it on, then try again.`,
  'in-use': (name, kind) =>
    kind === 'screen'
      ? 'The operating system did not give the picture of the screen. Try another window, or restart the browser.'
      : `The ${name} could not be started. Another program may be using it: close that program, then try again.`,
  overconstrained: (name) =>
    `The ${name} cannot do what was asked. Choose another quality or another device.`,
  insecure: (name) =>
    `Browsers give the ${name} only to secure pages. Open this page by https://, or by http://localhost on the server itself.`,
  unsupported: (name, kind) =>
    kind === 'screen'
      ? 'This browser cannot capture the screen. Use Chrome, Edge or Safari on a computer.'
      : `This browser cannot use the ${name}. Use a current Chrome, Edge or Safari.`,
  lost: (name, kind) =>
    kind === 'screen'
      ? 'The capture of the screen has ended.'
      : `The ${name} was unplugged or switched off. Plug it in again, or choose another one.`,
  failed: (name) =>
    `The ${name} could not be opened. Unplug it and plug it in again, or restart the browser.`,
};

/** Names what a browser threw when a device was asked for (Media Capture and Streams §10.2, Screen Capture §5.1). */
export function translateCaptureError(error: unknown, kind: CaptureKind): CaptureError {
  if (error instanceof CaptureError) return error;
  return new CaptureError(codeOf(error, kind), kind);
}

function codeOf(error: unknown, kind: CaptureKind): CaptureErrorCode {
  const { name, message } = describe(error);
  switch (name) {
    case 'NotAllowedError':
    case 'PermissionDeniedError':
      return codeOfRefusal(message, kind);
    case 'SecurityError':
      return 'denied';
    case 'NotFoundError':
    case 'DevicesNotFoundError':
      return 'no-device';
    case 'NotReadableError':
    case 'TrackStartError':
    case 'AbortError':
      return 'in-use';
    case 'OverconstrainedError':
    case 'ConstraintNotSatisfiedError':
      return 'overconstrained';
    case 'NotSupportedError':
      return 'unsupported';
    default:
      return 'failed';
  }
}

/** Browsers tell a refusal from a dismissal only in the text, and closing the screen picker is no refusal at all. */
function codeOfRefusal(message: string, kind: CaptureKind): CaptureErrorCode {
  if (/system/i.test(message)) return 'denied-by-system';
  if (/dismiss/i.test(message)) return 'dismissed';
  if (kind === 'screen' && !/policy/i.test(message)) return 'dismissed';
  return 'denied';
}

function describe(error: unknown): { name: string; message: string } {
  if (typeof error !== 'object' || error === null) return { name: '', message: '' };
  const { name, message } = error as { name?: unknown; message?: unknown };
  return { name: String(name ?? ''), message: String(message ?? '') };
}
