import { describe, expect, it } from 'vitest';
import {
  CaptureError,
  type CaptureErrorCode,
  type CaptureKind,
  translateCaptureError,
} from './capture-error.ts';

const thrown = (name: string, message = '') => Object.assign(new Error(message), { name });

describe('translateCaptureError', () => {
  it.each<[string, string, CaptureKind, CaptureErrorCode]>([
    ['NotAllowedError', 'Permission denied', 'camera', 'denied'],
    ['NotAllowedError', 'Permission dismissed', 'camera', 'dismissed'],
    ['NotAllowedError', 'Permission denied by system', 'microphone', 'denied-by-system'],
    ['NotAllowedError', 'Permission denied', 'screen', 'dismissed'],
    ['NotAllowedError', 'Access disallowed by permissions policy', 'screen', 'denied'],
    ['SecurityError', '', 'camera', 'denied'],
    ['NotFoundError', 'Requested device not found', 'microphone', 'no-device'],
    ['NotReadableError', 'Could not start video source', 'camera', 'in-use'],
    ['AbortError', 'Starting videoinput failed', 'camera', 'in-use'],
    ['OverconstrainedError', '', 'camera', 'overconstrained'],
    ['NotSupportedError', '', 'screen', 'unsupported'],
    ['TypeError', 'whatever', 'camera', 'failed'],
  ])('reads %s (%s) of the %s as %s', (name, message, kind, code) => {
    expect(translateCaptureError(thrown(name, message), kind)).toMatchObject({ code, kind });
  });

  it('leaves what was translated already', () => {
    const error = new CaptureError('insecure', 'camera');
    expect(translateCaptureError(error, 'microphone')).toBe(error);
  });

  it('survives what is no error at all', () => {
    expect(translateCaptureError('no', 'camera').code).toBe('failed');
    expect(translateCaptureError(null, 'camera').code).toBe('failed');
  });

  it('says for every case what was wrong and what to do', () => {
    const codes: CaptureErrorCode[] = [
      'denied',
      'denied-by-system',
      'dismissed',
      'no-device',
      'in-use',
      'overconstrained',
      'insecure',
      'unsupported',
      'lost',
      'failed',
    ];
    const kinds: CaptureKind[] = ['camera', 'microphone', 'screen'];
    for (const code of codes) {
      for (const kind of kinds) expect(new CaptureError(code, kind).message).toMatch(/^[A-Z].{30,}\.$/);
    }
  });
});
