import { type ReactElement, useCallback, useState } from 'react';
import { PublishError } from '../../studio/publish/publish-error.ts';
import { StatePill } from '../../studio/ui/state-pill.tsx';
import { stateWords } from '../../studio/ui/state-words.ts';
import { StudioView } from '../../studio/ui/studio-view.tsx';
import { useObservable } from '../../studio/ui/use-observable.ts';
import { ApiFailure } from '../api/api-failure.ts';
import { getBroadcast, getChannel } from '../api/channels.ts';
import { signedOut } from '../api/request.ts';
import { ChannelDestinations } from '../components/channel-destinations.tsx';
import { ProblemNotice } from '../components/problem-notice.tsx';
import { usePolled } from '../components/use-polled.ts';
import { useTitle } from '../components/use-title.ts';
import { paths, publishUrl } from '../route.ts';

const REFRESH_EVERY = 5000;

/** The studio of one channel. */
export function StudioPage({ channel }: { channel: string }): ReactElement {
  const [state, setState] = useState(stateWords('ready'));
  const load = useCallback(() => readChannel(channel), [channel]);
  const mustSignIn = useObservable(signedOut);
  const { value, problem } = usePolled(load, REFRESH_EVERY);
  const diagnose = useCallback(() => diagnoseChannel(channel), [channel]);
  const recordingUrl = useCallback((id: string) => paths.recording(id), []);
  useTitle(`${state.tone === 'live' ? '● ' : ''}${state.word} · ${channel} studio`);
  return (
    <div className="page page-wide">
      <header className="page-header">
        <h1>
          {channel} <span className="heading-note">Studio</span>
        </h1>
        <StatePill tone={state.tone}>{state.word}</StatePill>
        {value && value.title !== channel && <p className="muted">{value.title}</p>}
      </header>
      {mustSignIn ? (
        <div className="notice" data-tone="warning" role="alert">
          <p>
            You are signed out.{' '}
            <a href={paths.channels} target="_blank" rel="noreferrer">
              Sign in in another tab
            </a>
            ; what is live here goes on.
          </p>
        </div>
      ) : (
        <ProblemNotice problem={problem} />
      )}
      <StudioView
        channel={channel}
        publishUrl={publishUrl(channel)}
        watchUrl={new URL(paths.watch(channel), location.origin).href}
        recordingUrl={recordingUrl}
        other={value?.other ?? null}
        diagnose={diagnose}
        onState={setState}
      />
      <ChannelDestinations channel={channel} isLive={value?.isLive ?? false} />
    </div>
  );
}

/** The channel, and the broadcast on it unless it is interrupted: then anyone may go on with it. */
async function readChannel(
  name: string,
): Promise<{ title: string; isLive: boolean; other: { since: number } | null }> {
  const channel = await getChannel(name);
  const broadcast = channel.state === 'live' ? await getBroadcast(name) : null;
  const isLive = channel.state !== 'offline';
  return { title: channel.title, isLive, other: broadcast && { since: broadcast.startedAt } };
}

/** A browser tells nothing of a refused WebSocket; the API knows more. */
async function diagnoseChannel(name: string): Promise<PublishError | undefined> {
  try {
    await getChannel(name);
  } catch (error) {
    if (!(error instanceof ApiFailure)) return undefined;
    if (error.status === 401) return new PublishError('unauthorized');
    if (error.status === 404) return new PublishError('channel-not-found');
  }
  return undefined;
}
