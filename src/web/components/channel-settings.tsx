import { type FormEvent, type ReactElement, useId, useState } from 'react';
import { type ChannelResource, MAX_DURATION, MAX_GRACE } from '../../wire/api.ts';
import { wordsOfFailure } from '../api/api-failure.ts';
import { deleteChannel, updateChannel } from '../api/channels.ts';
import { type ChannelForm, changeOf, formOf } from './channel-form.ts';
import { DeleteChannel } from './delete-channel.tsx';
import { FormDialog } from './form-dialog.tsx';
import { NameField, problemOfName } from './name-field.tsx';
import { NumberField } from './number-field.tsx';
import { ProblemNotice } from './problem-notice.tsx';
import { SettingSwitch } from './setting-switch.tsx';
import { StreamKey } from './stream-key.tsx';

/**
 * Renames a channel, changes its title, how long its broadcasts last and what is kept of them, shows its key, deletes it.
 * Closed for null.
 */
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
  const { channel } = props;
  const [form, setForm] = useState(() => formOf(channel));
  const [problem, setProblem] = useState<string | null>(null);
  const change = (part: Partial<ChannelForm>) => setForm((before) => ({ ...before, ...part }));
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
    void act(() => updateChannel(channel.name, changeOf(form, channel)));
  };
  return (
    <form className="fields" onSubmit={save}>
      <NameFields form={form} change={change} isLive={channel.state !== 'offline'} />
      <SettingSwitch
        label="Show broadcasts to viewers"
        checked={form.live}
        onChange={(live) => change({ live })}
      />
      <LengthFields form={form} change={change} />
      <KeepFields form={form} change={change} />
      <StreamKey channel={channel.name} />
      <ProblemNotice problem={problem} />
      <div className="dialog-actions">
        <DeleteChannel channel={channel} onDelete={() => void act(() => deleteChannel(channel.name))} />
        <button type="button" className="button" onClick={props.onClose}>
          Cancel
        </button>
        <button
          type="submit"
          className="button button-primary"
          disabled={form.name === '' || problemOfName(form.name) !== undefined}
        >
          Save
        </button>
      </div>
    </form>
  );
}

interface FieldsProps {
  readonly form: ChannelForm;
  readonly change: (part: Partial<ChannelForm>) => void;
}

function NameFields({ form, change, isLive }: FieldsProps & { isLive: boolean }): ReactElement {
  const id = useId();
  return (
    <>
      <NameField
        name={form.name}
        onChange={(name) => change({ name })}
        disabled={isLive}
        {...(isLive ? { hint: 'A channel that is live cannot be renamed.' } : {})}
      />
      <div className="field">
        <label htmlFor={`${id}-title`}>Title</label>
        <input
          id={`${id}-title`}
          maxLength={200}
          value={form.title}
          onChange={(event) => change({ title: event.target.value })}
        />
      </div>
    </>
  );
}

function LengthFields({ form, change }: FieldsProps): ReactElement {
  return (
    <div className="field-row">
      <NumberField
        label="Wait for a lost broadcaster"
        unit="s"
        most={MAX_GRACE / 1000}
        fractions
        value={form.grace}
        onChange={(grace) => change({ grace })}
      />
      <NumberField
        label="End after"
        unit="min"
        empty="never"
        most={MAX_DURATION / 60_000}
        fractions
        value={form.longest}
        onChange={(longest) => change({ longest })}
      />
    </div>
  );
}

/** What becomes of broadcasts: a channel that does not record has nothing to keep, but may have recordings. */
function KeepFields({ form, change }: FieldsProps): ReactElement {
  return (
    <>
      <SettingSwitch
        label="Record broadcasts"
        checked={form.record}
        onChange={(record) => change({ record })}
      />
      <SettingSwitch
        label="Let viewers go back, and watch it again"
        checked={form.dvr}
        onChange={(dvr) => change({ dvr })}
      />
      <SettingSwitch
        label="Also keep the original, as it was sent"
        checked={form.keepOriginal}
        onChange={(keepOriginal) => change({ keepOriginal })}
      />
      <div className="field-row">
        <NumberField
          label="Keep up to"
          unit="GB"
          empty="no limit"
          most={9_000_000}
          fractions
          value={form.gigabytes}
          onChange={(gigabytes) => change({ gigabytes })}
        />
        <NumberField
          label="Keep for"
          unit="days"
          empty="no limit"
          least={1}
          most={36_500}
          value={form.days}
          onChange={(days) => change({ days })}
        />
      </div>
    </>
  );
}
