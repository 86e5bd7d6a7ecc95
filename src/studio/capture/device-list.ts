/** One camera or microphone that can be chosen. */
export interface Device {
  readonly id: string;
  /** As the system names it; a numbered one where the browser hides it. */
  readonly label: string;
}

/** What can be chosen now. */
export interface DeviceList {
  readonly cameras: readonly Device[];
  readonly microphones: readonly Device[];
}

/** No devices, or none that the browser shows before it may use one. */
export const NO_DEVICES: DeviceList = { cameras: [], microphones: [] };

/** Lists cameras and microphones; an empty list where the browser shows none. */
export async function listDevices(): Promise<DeviceList> {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  const found = (await devices?.enumerateDevices().catch(() => [])) ?? [];
  return {
    cameras: devicesOf(found, 'videoinput', 'Camera'),
    microphones: devicesOf(found, 'audioinput', 'Microphone'),
  };
}

/** Calls when a device comes or goes; the answer ends it. */
export function watchDevices(call: () => void): () => void {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  devices?.addEventListener?.('devicechange', call);
  return () => devices?.removeEventListener?.('devicechange', call);
}

/** Devices without an id cannot be chosen: that is how they look before a permission. */
function devicesOf(found: readonly MediaDeviceInfo[], kind: MediaDeviceKind, name: string): Device[] {
  return found
    .filter((device) => device.kind === kind && device.deviceId !== '')
    .map((device, index) => ({ id: device.deviceId, label: device.label || `${name} ${index + 1}` }));
}
