import { Switch } from '@base-ui/react/switch';
import { type ReactElement, useId } from 'react';

/** Something of a channel that is on or off. */
export function SettingSwitch(props: {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}): ReactElement {
  const id = useId();
  return (
    <div className="switch-row">
      <label id={`${id}-label`} htmlFor={id}>
        {props.label}
      </label>
      <Switch.Root
        id={id}
        aria-labelledby={`${id}-label`}
        className="switch"
        checked={props.checked}
        onCheckedChange={props.onChange}
      >
        <Switch.Thumb className="switch-thumb" />
      </Switch.Root>
    </div>
  );
}
