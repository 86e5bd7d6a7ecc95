import { Trash2 } from 'lucide-react';
import { type FormEvent, type ReactElement, useId, useState } from 'react';
import { ConfirmDialog } from '../../studio/ui/confirm-dialog.tsx';
import type { ChannelResource } from '../../wire/api.ts';
import { wordsOfFailure } from '../api/api-failure.ts';
import { deleteChannel, updateChannel } from '../api/channels.ts';
import { FormDialog } from './form-dialog.tsx';
import { NameField, problemOfName } from './name-field.tsx';
import { ProblemNotice } from './problem-notice.tsx';
import { RecordSwitch } from './record-switch.tsx';
import { StreamKey } from './stream-key.tsx';

/** Renames a channel, changes its title and whether it records, shows its key, deletes it. Closed for null. */
export function ChannelSettings(props: {
  channel: ChannelResource | null;
  onClose: () => void;
  onChanged: () => void;
}): ReactElement {
  const { channel, onClose } = props;
  return (
    <FormDialog
      open={channel !== null}
      onOpenChange={(open) => !open && onClose()}
      title={`Settings of ${channel?.name ?? ''}`}
    >
      {channel && <SettingsForm key={channel.name} {...props} channel={channel} />}
    </FormDialog>
  );
}

function SettingsForm(props: {
  channel: ChannelResource;
  onClose: () => void;
  onChanged: () => void;
}): ReactElement {
  const id = useId();
  const { channel } = props;
  const [name, setName] = useState(channel.name);
  const [title, setTitle] = useState(channel.title);
  const [record, setRecord] = useState(channel.record);
  const [problem, setProblem] = useState<string | null>(null);
  const act = async (action: () => Promise<unknown>) => {
    setProblem(null);
    try {
      await action();
      props.onClose();
      props.onChanged();
    } catch (error) {
      setProblem(wordsOfFailure(error));
    }
  };
  const save = (event: FormEvent) => {
    event.preventDefault();
    const renamed = name === channel.name ? {} : { name };
    void act(() => updateChannel(channel.name, { ...renamed, title: title.trim() || name, record }));
  };
  const isLive = channel.state !== 'offline';
  return (
    <form className="fields" onSubmit={save}>
      <NameField
        name={name}
        onChange={setName}
        disabled={isLive}
        {...(isLive ? { hint: 'A channel that is live cannot be renamed.' } : {})}
      />
      <div className="field">
        <label htmlFor={`${id}-title`}>Title</label>
        <input
          id={`${id}-title`}
          maxLength={200}
          value={title}
          onChange={(event) => setTitle(event.target.value)}
        />
      </div>
      <RecordSwitch checked={record} onChange={setRecord} />
      <StreamKey channel={channel.name} />
      <ProblemNotice problem={problem} />
      <div className="dialog-actions">
        <DeleteButton channel={channel} onDelete={() => void act(() => deleteChannel(channel.name))} />
        <button type="button" className="button" onClick={props.onClose}>
          Cancel
        </button>
        <button
          type="submit"
          className="button button-primary"
          disabled={name === '' || problemOfName(name) !== undefined}
        >
          Save
        </button>
      </div>
    </form>
  );
}

function DeleteButton({
  channel,
  onDelete,
}: {
  channel: ChannelResource;
  onDelete: () => void;
}): ReactElement {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <button
        type="button"
        className="button button-quiet button-danger-text push-apart"
        onClick={() => setAsking(true)}
      >
        <Trash2 aria-hidden />
        Delete channel
      </button>
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={`Delete ${channel.name}?`}
        confirm={`Delete ${channel.name}`}
        onConfirm={onDelete}
      >
        {channel.state === 'live' ? 'It is live: its broadcast ends now. ' : ''}
        Its address and its stream key stop working. Its recordings stay.
      </ConfirmDialog>
    </>
  );
}
