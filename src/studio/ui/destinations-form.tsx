import { Dialog } from '@base-ui/react/dialog';
import { Trash2, X } from 'lucide-react';
import { type FormEvent, type ReactElement, useId, useState } from 'react';
import { type DestinationResource, MAX_DURATION } from '../../wire/api.ts';
import {
  DESTINATION_PROVIDERS,
  type DestinationProvider,
  PROVIDER_PRESETS,
} from '../../wire/destination-providers.ts';
import { ConfirmDialog } from './confirm-dialog.tsx';
import { changeOf, createOf, type DestinationDraft, draftOf, withProvider } from './destination-draft.ts';
import type { DestinationActions } from './destinations-panel.tsx';
import { wordsOfError } from './words-of-error.ts';

/** Adds a destination, or changes one; closed for null. */
export function DestinationForm(props: {
  editing: DestinationResource | 'new' | null;
  actions: DestinationActions;
  onClose: () => void;
}): ReactElement {
  const { editing, onClose } = props;
  const title = editing === 'new' ? 'Add a destination' : `Settings of ${editing?.name ?? ''}`;
  return (
    <Dialog.Root open={editing !== null} onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="dialog-backdrop" />
        <Dialog.Popup className="dialog">
          <header className="dialog-header">
            <Dialog.Title className="dialog-title">{title}</Dialog.Title>
            <Dialog.Close className="button button-quiet button-icon" aria-label="Close">
              <X aria-hidden />
            </Dialog.Close>
          </header>
          {editing && <Fields {...props} editing={editing} />}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Fields(props: {
  editing: DestinationResource | 'new';
  actions: DestinationActions;
  onClose: () => void;
}): ReactElement {
  const { editing, actions, onClose } = props;
  const [draft, setDraft] = useState(() => draftOf(editing));
  const [problem, setProblem] = useState<string | null>(null);
  const [deleting, setDeleting] = useState(false);
  const change = (part: Partial<DestinationDraft>) => setDraft((before) => ({ ...before, ...part }));
  const act = async (action: Promise<void>) => {
    setProblem(null);
    try {
      await action;
      onClose();
    } catch (error) {
      setProblem(wordsOfError(error));
    }
  };
  const save = (event: FormEvent) => {
    event.preventDefault();
    void act(editing === 'new' ? actions.add(createOf(draft)) : actions.change(editing.id, changeOf(draft)));
  };
  return (
    <form className="fields" onSubmit={save}>
      <PlaceFields draft={draft} change={change} onProvider={(next) => setDraft(withProvider(draft, next))} />
      <KeyField draft={draft} change={change} isStored={editing !== 'new' && editing.hasKey} />
      <PushFields draft={draft} change={change} />
      {problem !== null && (
        <div className="notice" data-tone="danger" role="alert">
          <p>{problem}</p>
        </div>
      )}
      <div className="dialog-actions">
        {editing !== 'new' && (
          <button type="button" className="button button-danger-text" onClick={() => setDeleting(true)}>
            <Trash2 aria-hidden />
            Delete
          </button>
        )}
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className="button button-primary">
          {editing === 'new' ? 'Add' : 'Save'}
        </button>
      </div>
      {editing !== 'new' && (
        <ConfirmDialog
          open={deleting}
          onOpenChange={setDeleting}
          title={`Delete ${editing.name}?`}
          confirm="Delete destination"
          onConfirm={() => void act(actions.remove(editing.id))}
        >
          What is being sent there ends now. Its stream key is deleted as well.
        </ConfirmDialog>
      )}
    </form>
  );
}

interface FieldsProps {
  readonly draft: DestinationDraft;
  readonly change: (part: Partial<DestinationDraft>) => void;
}

function PlaceFields(props: FieldsProps & { onProvider: (next: DestinationProvider) => void }): ReactElement {
  const { draft, change, onProvider } = props;
  const id = useId();
  const { hint } = PROVIDER_PRESETS[draft.provider];
  return (
    <>
      <div className="field-row">
        <div className="field">
          <label htmlFor={`${id}-provider`}>Platform</label>
          <select
            id={`${id}-provider`}
            value={draft.provider}
            onChange={(event) => onProvider(event.target.value as DestinationProvider)}
          >
            {DESTINATION_PROVIDERS.map((provider) => (
              <option key={provider} value={provider}>
                {PROVIDER_PRESETS[provider].label}
              </option>
            ))}
          </select>
        </div>
        <div className="field">
          <label htmlFor={`${id}-name`}>Name</label>
          <input
            id={`${id}-name`}
            required
            maxLength={100}
            value={draft.name}
            onChange={(event) => change({ name: event.target.value })}
          />
        </div>
      </div>
      <div className="field">
        <label htmlFor={`${id}-url`}>Address</label>
        <input
          id={`${id}-url`}
          className="mono"
          required
          pattern="rtmps?://.+"
          maxLength={2000}
          placeholder="rtmps://example.org/live"
          aria-describedby={`${id}-hint`}
          value={draft.url}
          onChange={(event) => change({ url: event.target.value })}
        />
        <p id={`${id}-hint`} className="field-hint">
          {hint}
        </p>
      </div>
    </>
  );
}

function KeyField({ draft, change, isStored }: FieldsProps & { isStored: boolean }): ReactElement {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>Stream key</label>
      <input
        id={id}
        className="mono"
        type="password"
        autoComplete="off"
        maxLength={500}
        placeholder={isStored ? '•••••••• (stored)' : ''}
        aria-describedby={`${id}-hint`}
        value={draft.streamKey}
        onChange={(event) => change({ streamKey: event.target.value })}
      />
      <p id={`${id}-hint`} className="field-hint">
        {isStored
          ? 'Stored encrypted and never shown. Type it to replace it, or where the address becomes another server.'
          : 'It is stored encrypted, and never shown again.'}
      </p>
    </div>
  );
}

function PushFields({ draft, change }: FieldsProps): ReactElement {
  const id = useId();
  return (
    <>
      <div className="field-row">
        <div className="field">
          <label htmlFor={`${id}-when`}>Send</label>
          <select
            id={`${id}-when`}
            value={draft.when}
            onChange={(event) => change({ when: event.target.value as DestinationDraft['when'] })}
          >
            <option value="always">every broadcast</option>
            <option value="on-demand">when started by hand</option>
          </select>
        </div>
        <div className="field">
          <label htmlFor={`${id}-mode`}>Picture</label>
          <select
            id={`${id}-mode`}
            value={draft.mode}
            onChange={(event) => change({ mode: event.target.value as DestinationDraft['mode'] })}
          >
            <option value="copy">as it is, where possible</option>
            <option value="transcode">always encoded anew</option>
          </select>
        </div>
      </div>
      <div className="field-row">
        <div className="field">
          <label htmlFor={`${id}-longest`}>
            End after <span className="unit">min</span>
          </label>
          <input
            id={`${id}-longest`}
            type="number"
            inputMode="decimal"
            min={1 / 60}
            max={MAX_DURATION / 60_000}
            step="any"
            placeholder="never"
            value={draft.longest}
            onChange={(event) => change({ longest: event.target.value })}
          />
        </div>
        <div className="field">
          <label htmlFor={`${id}-watch`}>Watch page</label>
          <input
            id={`${id}-watch`}
            type="url"
            pattern="https?://.+"
            maxLength={2000}
            placeholder="https://…"
            value={draft.playbackUrl}
            onChange={(event) => change({ playbackUrl: event.target.value })}
          />
        </div>
      </div>
    </>
  );
}
