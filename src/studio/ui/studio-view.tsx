import { type ReactElement, useEffect, useMemo, useState } from 'react';
import type { Quality } from '../encode/quality.ts';
import { problemOfQuality } from '../encode/quality.ts';
import type { PublishError } from '../publish/publish-error.ts';
import { Rescue } from '../rescue.ts';
import { Studio } from '../studio.ts';
import { BroadcastPanel } from './broadcast-panel.tsx';
import { BroadcastSettings } from './broadcast-settings.tsx';
import { KeptOffers } from './kept-offers.tsx';
import type { OtherBroadcast } from './outcome.tsx';
import { type Preferences, readPreferences, writePreferences } from './preferences.ts';
import { Stage } from './stage.tsx';
import type { StateWords } from './state-words.ts';
import { useObservable } from './use-observable.ts';
import { useOnAir } from './use-on-air.ts';

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
  /** Told where the broadcast stands, for the page's title and heading. */
  readonly onState: (state: StateWords) => void;
}

const NO_SOURCE = 'Choose a camera, a microphone or a screen first.';

/** Camera, microphone, screen; quality and title; going live and all there is to know while live. */
export function StudioView(props: StudioViewProps): ReactElement {
  const [preferences, setPreferences] = useState<Preferences>(() => readPreferences(localStorage));
  const studio = useMemo(() => new Studio(readPreferences(localStorage).quality), []);
  const { channel, publishUrl, diagnose } = props;
  const rescue = useMemo(
    () => new Rescue({ channel, url: publishUrl, diagnose }),
    [channel, publishUrl, diagnose],
  );
  const sources = useObservable(studio.sources.status);
  const session = useObservable(studio.session);
  const refusal = useObservable(studio.refusal);
  const onAir = useOnAir(session);
  const [title, setTitle] = useState('');

  useEffect(() => {
    const { camera, microphone } = readPreferences(localStorage);
    void studio.open(camera, microphone);
    return () => void studio.close();
  }, [studio]);
  useEffect(() => {
    void rescue.refresh();
    return () => rescue.close();
  }, [rescue]);
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
    void studio
      .goLive({ url: publishUrl, channel, title: title.trim(), takeover, diagnose })
      // What could not be sent is offered at once.
      .then(() => rescue.refresh());

  const hasSource = [sources.screen, sources.camera, sources.microphone].some(({ track }) => track !== null);
  return (
    <div className="studio">
      {!onAir && <KeptOffers rescue={rescue} recordingUrl={props.recordingUrl} />}
      <Stage
        studio={studio}
        status={sources}
        pictureLocked={onAir && !session?.canChangeVideo}
        onChoose={choose}
      />
      <BroadcastPanel
        session={session}
        refusal={refusal}
        watchUrl={props.watchUrl}
        recordingUrl={props.recordingUrl}
        channel={props.channel}
        other={props.other}
        problem={hasSource ? problemOfQuality(preferences.quality) : NO_SOURCE}
        onGoLive={goLive}
        onState={props.onState}
      >
        <BroadcastSettings
          quality={preferences.quality}
          title={title}
          onTitle={setTitle}
          onQuality={setQuality}
        />
      </BroadcastPanel>
    </div>
  );
}
