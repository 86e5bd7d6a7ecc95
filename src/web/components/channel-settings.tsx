import { Trash2 } from 'lucide-react';
import { type FormEvent, type ReactElement, useId, useState } from 'react';
import { ConfirmDialog } from '../../studio/ui/confirm-dialog.tsx';
import { type ChannelResource, MAX_DURATION, MAX_GRACE } from '../../wire/api.ts';
import { wordsOfFailure } from '../api/api-failure.ts';
import { deleteChannel, updateChannel } from '../api/channels.ts';
import { FormDialog } from './form-dialog.tsx';
import { NameField, problemOfName } from './name-field.tsx';
import { ProblemNotice } from './problem-notice.tsx';
import { SettingSwitch } from './setting-switch.tsx';
import { StreamKey } from './stream-key.tsx';

const MINUTE = 60_000;

/** Renames a channel, changes its title, what becomes of its broadcasts and how long they last, shows its key, deletes it. Closed for null. */
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
  const [live, setLive] = useState(channel.live);
  const [grace, setGrace] = useState(String(channel.reconnectGrace / 1000));
  const [longest, setLongest] = useState(
    channel.maxDuration === null ? '' : String(channel.maxDuration / MINUTE),
  );
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
    const reconnectGrace = grace === '' ? null : Math.round(Number(grace) * 1000);
    const maxDuration = longest === '' ? null : Math.round(Number(longest) * MINUTE);
    const lasting = {
      maxDuration,
      // One that nobody changed goes on following the server's own setting.
      ...(reconnectGrace === channel.reconnectGrace ? {} : { reconnectGrace }),
    };
    const change = { ...renamed, title: title.trim() || name, record, live, ...lasting };
    void act(() => updateChannel(channel.name, change));
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
      <SettingSwitch label="Record broadcasts" checked={record} onChange={setRecord} />
      <SettingSwitch label="Show broadcasts to viewers" checked={live} onChange={setLive} />
      <div className="field-row">
        <NumberField
          label="Wait for a lost broadcaster"
          unit="s"
          most={MAX_GRACE / 1000}
          value={grace}
          onChange={setGrace}
        />
        <NumberField
          label="End after"
          unit="min, empty for never"
          least={1}
          most={MAX_DURATION / MINUTE}
          value={longest}
          onChange={setLongest}
        />
      </div>
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

/** A whole number, or nothing. */
function NumberField(props: {
  label: string;
  unit: string;
  least?: number;
  most: number;
  value: string;
  onChange: (value: string) => void;
}): ReactElement {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>
        {props.label} <span className="unit">{props.unit}</span>
      </label>
      <input
        id={id}
        type="number"
        inputMode="numeric"
        min={props.least ?? 0}
        max={props.most}
        value={props.value}
        onChange={(event) => props.onChange(event.target.value)}
      />
    </div>
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
