import { type FormEvent, type ReactElement, useId, useState } from 'react';
import { wordsOfFailure } from '../api/api-failure.ts';
import { createChannel } from '../api/channels.ts';
import { FormDialog } from './form-dialog.tsx';
import { NameField, problemOfName } from './name-field.tsx';
import { ProblemNotice } from './problem-notice.tsx';
import { SettingSwitch } from './setting-switch.tsx';

/** Makes a channel. */
export function CreateChannel(props: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  onCreated: () => void;
}): ReactElement {
  return (
    <FormDialog open={props.open} onOpenChange={props.onOpenChange} title="New channel">
      <CreateForm {...props} />
    </FormDialog>
  );
}

function CreateForm(props: { onOpenChange: (open: boolean) => void; onCreated: () => void }): ReactElement {
  const id = useId();
  const [name, setName] = useState('');
  const [title, setTitle] = useState('');
  const [record, setRecord] = useState(true);
  const [problem, setProblem] = useState<string | null>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(null);
    try {
      await createChannel({ name, record, ...(title.trim() ? { title: title.trim() } : {}) });
      props.onOpenChange(false);
      props.onCreated();
    } catch (error) {
      setProblem(wordsOfFailure(error));
    }
  };
  return (
    <form className="fields" onSubmit={(event) => void submit(event)}>
      <NameField name={name} onChange={setName} />
      <div className="field">
        <label htmlFor={`${id}-title`}>
          Title <span className="unit">optional</span>
        </label>
        <input
          id={`${id}-title`}
          maxLength={200}
          value={title}
          onChange={(event) => setTitle(event.target.value)}
        />
      </div>
      <SettingSwitch label="Record broadcasts" checked={record} onChange={setRecord} />
      <ProblemNotice problem={problem} />
      <div className="dialog-actions">
        <button type="button" className="button" onClick={() => props.onOpenChange(false)}>
          Cancel
        </button>
        <button
          type="submit"
          className="button button-primary"
          disabled={name === '' || problemOfName(name) !== undefined}
        >
          Create channel
        </button>
      </div>
    </form>
  );
}
