import { Mic, MicOff, MonitorUp, MonitorX, Video, VideoOff } from 'lucide-react';
import type { ReactElement } from 'react';
import type { AudioMixer } from '../capture/audio-mixer.ts';
import type { Sources, SourcesStatus } from '../capture/sources.ts';
import { LevelMeter } from './level-meter.tsx';

/** Mute, camera off, screen share, and how loud it is: below the picture, before and while it is sent. */
export function SourceBar(props: {
  sources: Sources;
  status: SourcesStatus;
  mixer: AudioMixer;
  /** The picture cannot be changed while it is sent. */
  pictureLocked: boolean;
}): ReactElement {
  const { sources, status, mixer } = props;
  const sharing = status.screen.track !== null;
  const shareOrStop = () => {
    if (status.screen.opening) return;
    if (sharing) sources.stopScreen();
    else void sources.shareScreen();
  };
  return (
    <div className="source-bar">
      <button
        type="button"
        className="button"
        data-active={status.muted}
        disabled={!status.microphone.track}
        onClick={() => sources.setMuted(!status.muted)}
      >
        {status.muted ? <MicOff aria-hidden /> : <Mic aria-hidden />}
        {status.muted ? 'Unmute' : 'Mute'}
      </button>
      <button
        type="button"
        className="button"
        data-active={status.cameraOff}
        disabled={!status.camera.track}
        onClick={() => sources.setCameraOff(!status.cameraOff)}
      >
        {status.cameraOff ? <VideoOff aria-hidden /> : <Video aria-hidden />}
        {status.cameraOff ? 'Camera on' : 'Camera off'}
      </button>
      <button
        type="button"
        className="button"
        data-active={sharing}
        disabled={props.pictureLocked}
        aria-disabled={status.screen.opening || undefined}
        onClick={shareOrStop}
      >
        {sharing ? <MonitorX aria-hidden /> : <MonitorUp aria-hidden />}
        {sharing ? 'Stop sharing' : 'Share screen'}
      </button>
      <LevelMeter mixer={mixer} />
      {status.screen.error && (
        <p className="field-error" role="alert">
          {status.screen.error.message}
        </p>
      )}
    </div>
  );
}
