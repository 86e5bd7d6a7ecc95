import { type ReactElement, useEffect, useMemo, useState } from 'react';
import type { Quality } from '../encode/quality.ts';
import { problemOfQuality } from '../encode/quality.ts';
import type { PublishError } from '../publish/publish-error.ts';
import { Studio } from '../studio.ts';
import { BroadcastPanel } from './broadcast-panel.tsx';
import type { OtherBroadcast } from './outcome.tsx';
import { type Preferences, readPreferences, writePreferences } from './preferences.ts';
import { Preview } from './preview.tsx';
import { SetupPanel } from './setup-panel.tsx';
import { SourceBar } from './source-bar.tsx';
import { useObservable } from './use-observable.ts';

/** What a studio must know of the page that it is on. */
export interface StudioViewProps {
  readonly channel: string;
  /** `wss://host/live/{channel}/publish` */
  readonly publishUrl: string;
  readonly watchUrl: string;
  readonly recordingUrl: (id: string) => string;
  /** Whoever else is live on the channel; null for nobody. Only asked for while this studio is not. */
  readonly other: OtherBroadcast | null;
  /** Finds out why the server cannot be reached. */
  readonly diagnose: () => Promise<PublishError | undefined>;
  /** Told whenever this studio goes on or off the air, with the state's name for the page's title. */
  readonly onState: (state: string) => void;
}

/** Camera, microphone, screen; quality and title; going live and all there is to know while live. */
export function StudioView(props: StudioViewProps): ReactElement {
  const [preferences, setPreferences] = useState<Preferences>(() => readPreferences(localStorage));
  const studio = useMemo(() => new Studio(readPreferences(localStorage).quality), []);
  const sources = useObservable(studio.sources.status);
  const session = useObservable(studio.session);
  const refusal = useObservable(studio.refusal);
  const [title, setTitle] = useState('');

  useEffect(() => {
    const { camera, microphone } = readPreferences(localStorage);
    void studio.open(camera, microphone);
    return () => void studio.close();
  }, [studio]);
  useEffect(() => writePreferences(localStorage, preferences), [preferences]);

  const setQuality = (quality: Quality) => {
    setPreferences({ ...preferences, quality });
    if (!problemOfQuality(quality)) void studio.setQuality(quality);
  };
  const choose = (kind: 'camera' | 'microphone', choice: string) => {
    setPreferences({ ...preferences, [kind]: choice });
    void studio.sources.choose(kind, choice);
  };
  const goLive = (takeover: boolean) =>
    void studio.goLive({ url: props.publishUrl, title: title.trim(), takeover, diagnose: props.diagnose });

  const pictureLocked = session !== null && studio.isOnAir && !session.canChangeVideo;
  const video = sources.screen.track ?? sources.camera.track;
  return (
    <div className="studio">
      <section className="studio-stage" aria-label="Picture and sound">
        <Preview
          track={video}
          placeholder={placeholderOf(
            sources.camera.opening,
            video,
            sources.cameraOff && !sources.screen.track,
          )}
        />
        <SourceBar
          sources={studio.sources}
          status={sources}
          mixer={studio.mixer}
          pictureLocked={pictureLocked}
        />
      </section>
      <BroadcastPanel
        session={session}
        refusal={refusal}
        watchUrl={props.watchUrl}
        recordingUrl={props.recordingUrl}
        channel={props.channel}
        other={props.other}
        canGoLive={(video ?? sources.microphone.track) !== null && !problemOfQuality(preferences.quality)}
        onGoLive={goLive}
        onState={props.onState}
      >
        {(onAir) => (
          <SetupPanel
            onAir={onAir}
            pictureLocked={pictureLocked}
            sources={sources}
            quality={preferences.quality}
            title={title}
            onTitle={setTitle}
            onQuality={setQuality}
            onChoose={choose}
          />
        )}
      </BroadcastPanel>
    </div>
  );
}

function placeholderOf(opening: boolean, video: MediaStreamTrack | null, off: boolean): string | null {
  if (off && video) return 'The camera is off. Viewers see black.';
  if (video) return null;
  return opening
    ? 'Opening the camera. The browser may ask for your permission.'
    : 'No picture. Choose a camera or share a screen.';
}
