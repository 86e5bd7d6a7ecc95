import type { Quality } from '../encode/quality.ts';
import { CaptureError, type CaptureKind, translateCaptureError } from './capture-error.ts';

/** What a camera and a microphone are asked for: ids as `enumerateDevices` gives them, null for whichever is there. */
export interface DeviceRequest {
  readonly camera?: { readonly id: string | null; readonly quality: Quality } | undefined;
  readonly microphone?: { readonly id: string | null } | undefined;
}

/** Asks for a camera, a microphone, or both with one question. Throws CaptureError, of the camera when it is in it. */
export async function openDevices(request: DeviceRequest): Promise<MediaStream> {
  const kind: CaptureKind = request.camera ? 'camera' : 'microphone';
  const devices = mediaDevices(kind);
  try {
    return await devices.getUserMedia({
      video: request.camera ? cameraConstraints(request.camera.id, request.camera.quality) : false,
      audio: request.microphone ? microphoneConstraints(request.microphone.id) : false,
    });
  } catch (error) {
    throw translateCaptureError(error, kind);
  }
}

/** Asks for a screen, a window or a tab, with its sound where there is one. Throws CaptureError. */
export async function openScreen(quality: Quality): Promise<MediaStream> {
  const devices = mediaDevices('screen');
  if (!('getDisplayMedia' in devices)) throw new CaptureError('unsupported', 'screen');
  try {
    return await devices.getDisplayMedia({
      video: {
        width: { max: quality.width },
        height: { max: quality.height },
        frameRate: { max: quality.frameRate },
      },
      audio: true,
    });
  } catch (error) {
    throw translateCaptureError(error, 'screen');
  }
}

/** What a camera is asked for; `ideal`, so that one that cannot do it gives what it can. */
export function cameraConstraints(id: string | null, quality: Quality): MediaTrackConstraints {
  return {
    ...(id ? { deviceId: { exact: id } } : {}),
    width: { ideal: quality.width },
    height: { ideal: quality.height },
    frameRate: { ideal: quality.frameRate, max: quality.frameRate },
  };
}

const microphoneConstraints = (id: string | null): MediaTrackConstraints => ({
  ...(id ? { deviceId: { exact: id } } : {}),
  echoCancellation: false,
  noiseSuppression: true,
  autoGainControl: true,
});

/** The browser's devices, looked up anew at each use. Throws CaptureError where there are none. */
function mediaDevices(kind: CaptureKind): MediaDevices {
  if (!globalThis.isSecureContext) throw new CaptureError('insecure', kind);
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices) throw new CaptureError('unsupported', kind);
  return devices;
}
