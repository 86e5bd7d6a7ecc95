import { type ReactElement, useId } from 'react';

/** A number, or nothing: as text, as it is typed. */
export function NumberField(props: {
  label: string;
  unit: string;
  /** What nothing means, where it is not the server's own setting. */
  empty?: string;
  least?: number;
  most: number;
  /** Parts of it are allowed. */
  fractions?: boolean;
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
        inputMode={props.fractions ? 'decimal' : 'numeric'}
        min={props.least ?? 0}
        max={props.most}
        step={props.fractions ? 'any' : 1}
        placeholder={props.empty}
        value={props.value}
        onChange={(event) => props.onChange(event.target.value)}
      />
    </div>
  );
}
