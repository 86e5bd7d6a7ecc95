import type { ReactElement } from 'react';
import type { SourcesStatus } from '../capture/sources.ts';
import type { Studio } from '../studio.ts';
import { DeviceSelect } from './device-select.tsx';
import { Preview } from './preview.tsx';
import { SourceBar } from './source-bar.tsx';

/** What is seen and heard, and where it comes from: all that can be changed during a broadcast too. */
export function Stage(props: {
  studio: Studio;
  status: SourcesStatus;
  /** The picture cannot be changed while it is sent. */
  pictureLocked: boolean;
  onChoose: (kind: 'camera' | 'microphone', choice: string) => void;
}): ReactElement {
  const { studio, status, pictureLocked, onChoose } = props;
  return (
    <section className="studio-stage" aria-label="Picture and sound">
      <Preview track={status.screen.track ?? status.camera.track} placeholder={placeholderOf(status)} />
      <SourceBar
        sources={studio.sources}
        status={status}
        mixer={studio.mixer}
        pictureLocked={pictureLocked}
      />
      <div className="studio-devices">
        <DeviceSelect
          label="Camera"
          devices={status.devices.cameras}
          source={status.camera}
          locked={pictureLocked ? 'This browser cannot change the camera during a broadcast.' : undefined}
          onChoose={(choice) => onChoose('camera', choice)}
        />
        <DeviceSelect
          label="Microphone"
          devices={status.devices.microphones}
          source={status.microphone}
          onChoose={(choice) => onChoose('microphone', choice)}
        />
      </div>
    </section>
  );
}

function placeholderOf({ camera, screen, cameraOff }: SourcesStatus): string | null {
  if (screen.track) return null;
  if (camera.track) return cameraOff ? 'The camera is off. Viewers see black.' : null;
  if (camera.opening) return 'Opening the camera. The browser may ask for your permission.';
  return camera.error?.message ?? 'No picture. Choose a camera or share a screen.';
}
