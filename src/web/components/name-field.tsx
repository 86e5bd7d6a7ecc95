import { type ReactElement, useId } from 'react';
import { isChannelName } from '../../wire/channel-name.ts';

/** What is wrong with a channel's name, in words; undefined when nothing is. An empty one is just not there yet. */
export function problemOfName(name: string): string | undefined {
  if (name === '' || isChannelName(name)) return undefined;
  if (name.length > 64) return 'At most 64 characters.';
  if (/[A-Z]/.test(name)) return 'Only lower-case letters: the name is part of the address.';
  if (!/^[a-z0-9]/.test(name)) return 'It must start with a letter or a digit.';
  return 'Only a–z, 0–9, “-” and “_”: the name is part of the address.';
}

/** A channel's name, checked while it is typed. */
export function NameField(props: {
  name: string;
  onChange: (name: string) => void;
  disabled?: boolean;
  hint?: string;
}): ReactElement {
  const id = useId();
  const problem = problemOfName(props.name);
  return (
    <div className="field">
      <label htmlFor={id}>Name</label>
      <input
        id={id}
        required
        autoCapitalize="none"
        autoComplete="off"
        spellCheck={false}
        value={props.name}
        disabled={props.disabled}
        aria-invalid={problem ? true : undefined}
        aria-describedby={`${id}-hint`}
        onChange={(event) => props.onChange(event.target.value)}
      />
      <p
        id={`${id}-hint`}
        className={problem ? 'field-error' : 'field-hint'}
        role={problem ? 'alert' : undefined}
      >
        {problem ?? props.hint ?? `Watched at /watch/${props.name || 'name'}`}
      </p>
    </div>
  );
}
