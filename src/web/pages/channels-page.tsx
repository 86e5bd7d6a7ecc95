import { Eye, Plus, Settings, Video } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import { formatCount } from '../../studio/ui/format-amount.ts';
import { StatePill } from '../../studio/ui/state-pill.tsx';
import type { ChannelResource } from '../../wire/api.ts';
import { listChannels } from '../api/channels.ts';
import { ChannelSettings } from '../components/channel-settings.tsx';
import { CreateChannel } from '../components/create-channel.tsx';
import { ProblemNotice } from '../components/problem-notice.tsx';
import { usePolled } from '../components/use-polled.ts';
import { useTitle } from '../components/use-title.ts';
import { paths } from '../route.ts';

const REFRESH_EVERY = 3000;
const load = () => listChannels();

/** Every channel, with its state, its studio, its watch page and its settings. */
export function ChannelsPage(): ReactElement {
  const { value: channels, problem, reload } = usePolled(load, REFRESH_EVERY);
  const [creating, setCreating] = useState(false);
  const [changing, setChanging] = useState<ChannelResource | null>(null);
  const live = channels?.filter(({ state }) => state === 'live').length ?? 0;
  useTitle(live > 0 ? `● ${live} live · Channels` : 'Channels');
  return (
    <div className="page">
      <header className="page-header">
        <h1>Channels</h1>
        <button type="button" className="button button-primary" onClick={() => setCreating(true)}>
          <Plus aria-hidden />
          New channel
        </button>
      </header>
      <ProblemNotice problem={problem} />
      {channels && (
        <ul className="rows">
          {channels.map((channel) => (
            <ChannelRow key={channel.name} channel={channel} onSettings={() => setChanging(channel)} />
          ))}
        </ul>
      )}
      {channels?.length === 0 && <p className="empty">There is no channel yet. Make the first one.</p>}
      <CreateChannel open={creating} onOpenChange={setCreating} onCreated={() => void reload()} />
      <ChannelSettings channel={changing} onClose={() => setChanging(null)} onChanged={() => void reload()} />
    </div>
  );
}

const STATES = {
  live: { word: 'Live', tone: 'live' },
  interrupted: { word: 'Interrupted', tone: 'warning' },
  offline: { word: 'Offline', tone: 'neutral' },
} as const;

/** A channel that nobody can watch. */
const RECORDING = { word: 'Recording', tone: 'live' } as const;

function ChannelRow({
  channel,
  onSettings,
}: {
  channel: ChannelResource;
  onSettings: () => void;
}): ReactElement {
  const { name, title, viewers } = channel;
  const state = channel.state === 'live' && !channel.live ? RECORDING : STATES[channel.state];
  return (
    <li className="row channel-row">
      <div className="row-main">
        <h2>{name}</h2>
        <p className="muted">{title === name ? '' : title}</p>
      </div>
      <div className="row-facts">
        <StatePill tone={state.tone}>{state.word}</StatePill>
        {(channel.state !== 'offline' || viewers > 0) && (
          <span className="muted">{formatCount(viewers, 'viewer')}</span>
        )}
        {!channel.live && <span className="muted">records only</span>}
        {!channel.record && <span className="muted">not recorded</span>}
      </div>
      <div className="row-actions">
        <a
          className="button button-accent"
          href={paths.studio(name)}
          aria-label={`Open the studio of ${name}`}
        >
          <Video aria-hidden />
          Studio
        </a>
        <a className="button" href={paths.watch(name)} aria-label={`Watch ${name}`}>
          <Eye aria-hidden />
          Watch
        </a>
        <button type="button" className="button" aria-label={`Settings of ${name}`} onClick={onSettings}>
          <Settings aria-hidden />
          Settings
        </button>
      </div>
    </li>
  );
}
