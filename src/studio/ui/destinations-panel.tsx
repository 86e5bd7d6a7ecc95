import { Plus } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import type {
  CreateDestination,
  DestinationResource,
  DestinationTest,
  UpdateDestination,
} from '../../wire/api.ts';
import { DestinationForm } from './destinations-form.tsx';
import { DestinationRow } from './destinations-row.tsx';

/** What can be done with a channel's destinations. Each rejects with an Error whose message is fit for people. */
export interface DestinationActions {
  add(destination: CreateDestination): Promise<void>;
  change(id: string, change: UpdateDestination): Promise<void>;
  remove(id: string): Promise<void>;
  start(id: string): Promise<void>;
  stop(id: string): Promise<void>;
  test(id: string): Promise<DestinationTest>;
}

/** Where the channel is sent beside its own viewers, how that goes, and the buttons to change it, live too. */
export function DestinationsPanel(props: {
  /** Undefined before they are known. */
  destinations: readonly DestinationResource[] | undefined;
  /** The server answered when it was last asked how they do. */
  isCurrent: boolean;
  /** A broadcast is on. */
  isLive: boolean;
  actions: DestinationActions;
}): ReactElement {
  const { destinations, actions, isLive, isCurrent } = props;
  const [editing, setEditing] = useState<DestinationResource | 'new' | null>(null);
  return (
    <section className="panel destinations" aria-labelledby="destinations-heading">
      <header className="destinations-header">
        <h2 id="destinations-heading">Destinations</h2>
        <button type="button" className="button" onClick={() => setEditing('new')}>
          <Plus aria-hidden />
          Add a destination
        </button>
      </header>
      {destinations?.length === 0 && (
        <p className="muted">Send this channel to YouTube, Twitch or any RTMP server as well.</p>
      )}
      {destinations && destinations.length > 0 && (
        <ul className="destinations-list">
          {destinations.map((destination) => (
            <DestinationRow
              key={destination.id}
              destination={destination}
              isLive={isLive}
              isCurrent={isCurrent}
              actions={actions}
              onEdit={() => setEditing(destination)}
            />
          ))}
        </ul>
      )}
      <DestinationForm editing={editing} actions={actions} onClose={() => setEditing(null)} />
    </section>
  );
}
