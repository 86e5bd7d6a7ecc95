import { type ReactElement, useId } from 'react';
import type { SourcesStatus } from '../capture/sources.ts';
import type { Quality } from '../encode/quality.ts';
import { DeviceSelect } from './device-select.tsx';
import { QualityFields } from './quality-fields.tsx';

/** The devices, which can be changed any time; title and quality, which a broadcast keeps. */
export function SetupPanel(props: {
  onAir: boolean;
  pictureLocked: boolean;
  sources: SourcesStatus;
  quality: Quality;
  title: string;
  onTitle: (title: string) => void;
  onQuality: (quality: Quality) => void;
  onChoose: (kind: 'camera' | 'microphone', choice: string) => void;
}): ReactElement {
  const id = useId();
  const { sources } = props;
  return (
    <div className="fields">
      {!props.onAir && (
        <div className="field">
          <label htmlFor={`${id}-title`}>Title</label>
          <input
            id={`${id}-title`}
            value={props.title}
            maxLength={200}
            placeholder="What is this broadcast about?"
            autoComplete="off"
            onChange={(event) => props.onTitle(event.target.value)}
          />
        </div>
      )}
      <DeviceSelect
        label="Camera"
        devices={sources.devices.cameras}
        source={sources.camera}
        locked={props.pictureLocked ? 'This browser cannot change the camera during a broadcast.' : undefined}
        onChoose={(choice) => props.onChoose('camera', choice)}
      />
      <DeviceSelect
        label="Microphone"
        devices={sources.devices.microphones}
        source={sources.microphone}
        onChoose={(choice) => props.onChoose('microphone', choice)}
      />
      {!props.onAir && <QualityFields quality={props.quality} onChange={props.onQuality} />}
    </div>
  );
}
