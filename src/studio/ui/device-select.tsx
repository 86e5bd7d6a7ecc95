import { type ReactElement, useId, useRef } from 'react';
import type { Device } from '../capture/device-list.ts';
import type { DeviceChoice, Source } from '../capture/sources.ts';

/** Chooses a camera or a microphone, and says what is wrong with the one that was chosen. */
export function DeviceSelect(props: {
  label: 'Camera' | 'Microphone';
  devices: readonly Device[];
  source: Source;
  /** Why nothing else can be chosen now, in words. */
  locked?: string | undefined;
  onChoose: (choice: DeviceChoice) => void;
}): ReactElement {
  const id = useId();
  const { label, source, devices } = props;
  const select = useRef<HTMLSelectElement>(null);
  const retry = () => {
    // What was pressed goes away.
    select.current?.focus();
    props.onChoose(retryChoice(source));
  };
  const hint = source.error?.message ?? props.locked;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select
        ref={select}
        id={id}
        value={source.choice}
        disabled={props.locked !== undefined}
        aria-describedby={hint ? `${id}-hint` : undefined}
        aria-invalid={source.error ? true : undefined}
        onChange={(event) => props.onChoose(event.target.value)}
      >
        {optionsOf(label, devices, source).map((option) => (
          <option key={option.id} value={option.id}>
            {option.label}
          </option>
        ))}
      </select>
      {hint && (
        <p
          id={`${id}-hint`}
          className={source.error ? 'field-error' : 'field-hint'}
          role={source.error ? 'alert' : undefined}
        >
          {hint}
        </p>
      )}
      {source.error && !props.locked && (
        <button type="button" className="button button-quiet" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** The devices, one that is open without being listed, and none. */
function optionsOf(label: string, devices: readonly Device[], source: Source): Device[] {
  const { choice, track, opening } = source;
  const options = [...devices];
  if (choice !== 'none' && !devices.some((device) => device.id === choice)) {
    const name = opening
      ? `Opening the ${label.toLowerCase()}…`
      : track?.label || `Any ${label.toLowerCase()}`;
    options.unshift({ id: choice, label: name });
  }
  options.push({ id: 'none', label: `No ${label.toLowerCase()}` });
  return options;
}

const retryChoice = (source: Source): DeviceChoice => (source.choice === 'none' ? 'default' : source.choice);
