import { Switch } from '@base-ui/react/switch';
import { type ReactElement, useId } from 'react';

/** Whether a channel's broadcasts are recorded. */
export function RecordSwitch(props: {
  checked: boolean;
  onChange: (checked: boolean) => void;
}): ReactElement {
  const id = useId();
  return (
    <div className="switch-row">
      <label id={`${id}-label`} htmlFor={id}>
        Record broadcasts
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
