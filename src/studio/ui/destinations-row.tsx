import { Switch } from '@base-ui/react/switch';
import { ExternalLink, Play, Settings2, Square, Stethoscope } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import type { DestinationResource } from '../../wire/api.ts';
import { PROVIDER_PRESETS } from '../../wire/destination-providers.ts';
import { destinationSentences, destinationWords } from './destination-words.ts';
import type { DestinationActions } from './destinations-panel.tsx';
import { durationToken, formatDuration } from './format-duration.ts';
import { StatePill } from './state-pill.tsx';
import { wordsOfError } from './words-of-error.ts';

/** One destination: its name, its state in words, its switch and its buttons. */
export function DestinationRow(props: {
  destination: DestinationResource;
  isLive: boolean;
  isCurrent: boolean;
  actions: DestinationActions;
  onEdit: () => void;
}): ReactElement {
  const { destination, isLive, isCurrent, actions, onEdit } = props;
  const { id, name, provider, enabled, status, playbackUrl } = destination;
  const [note, setNote] = useState<{ readonly text: string; readonly tone: 'good' | 'danger' } | null>(null);
  const [busy, setBusy] = useState(false);
  const act = async (action: () => Promise<void>) => {
    setNote(null);
    setBusy(true);
    await action().catch((error: unknown) => setNote({ text: wordsOfError(error), tone: 'danger' }));
    setBusy(false);
  };
  const test = async () => {
    const { reached, message } = await actions.test(id);
    setNote({ text: message, tone: reached ? 'good' : 'danger' });
  };
  const words = destinationWords(destination, isCurrent);
  const isPushed = ['connecting', 'live', 'retrying'].includes(status.state);
  return (
    <li className="destination">
      <div className="destination-head">
        <h3>{name}</h3>
        <span className="muted">{PROVIDER_PRESETS[provider].label}</span>
        <StatePill tone={words.tone}>{words.word}</StatePill>
        <Switch.Root
          className="switch"
          aria-label={`Send to ${name}`}
          checked={enabled}
          onCheckedChange={(checked) => void act(() => actions.change(id, { enabled: checked }))}
        >
          <Switch.Thumb className="switch-thumb" />
        </Switch.Root>
      </div>
      <p className="destination-words">
        {isCurrent
          ? destinationSentences(destination, Date.now()).join(' ')
          : 'The server does not answer: how it does is not known.'}
        {isCurrent && status.remaining !== null && (
          <>
            {' '}
            Ends in <time dateTime={durationToken(status.remaining)}>{formatDuration(status.remaining)}</time>
            .
          </>
        )}
      </p>
      <p role="status" className="visually-hidden">
        {name}: {words.word}
      </p>
      {note && (
        <div className="notice" data-tone={note.tone} role="alert">
          <p>{note.text}</p>
        </div>
      )}
      <div className="destination-actions">
        {isLive && isPushed && (
          <button
            type="button"
            className="button"
            disabled={busy}
            aria-label={`Stop sending to ${name}`}
            onClick={() => void act(() => actions.stop(id))}
          >
            <Square aria-hidden />
            Stop
          </button>
        )}
        {isLive && !isPushed && enabled && (
          <button
            type="button"
            className="button"
            disabled={busy}
            aria-label={`Start sending to ${name}`}
            onClick={() => void act(() => actions.start(id))}
          >
            <Play aria-hidden />
            Start
          </button>
        )}
        <button
          type="button"
          className="button"
          aria-label={`Test ${name}`}
          disabled={busy}
          onClick={() => void act(test)}
        >
          <Stethoscope aria-hidden />
          Test
        </button>
        <button type="button" className="button" aria-label={`Settings of ${name}`} onClick={onEdit}>
          <Settings2 aria-hidden />
          Settings
        </button>
        {playbackUrl !== null && (
          <a className="button" href={playbackUrl} target="_blank" rel="noreferrer">
            <ExternalLink aria-hidden />
            Watch there
          </a>
        )}
      </div>
    </li>
  );
}
