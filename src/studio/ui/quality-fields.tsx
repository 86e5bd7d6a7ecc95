import { type ReactElement, useId, useState } from 'react';
import {
  FRAME_RATES,
  PRESETS,
  type PresetName,
  presetOf,
  presetQuality,
  problemOfQuality,
  QUALITY_LIMITS,
  type Quality,
  recommendedBitrate,
} from '../encode/quality.ts';

/** Chooses the size, frame rate and bitrate: by preset, or each by itself. Reports every change, sensible or not. */
export function QualityFields(props: {
  quality: Quality;
  onChange: (quality: Quality) => void;
}): ReactElement {
  const id = useId();
  const { quality, onChange } = props;
  const [custom, setCustom] = useState(presetOf(quality) === undefined);
  const problem = problemOfQuality(quality);
  const choosePreset = (name: string) => {
    setCustom(name === 'custom');
    if (name !== 'custom') onChange(presetQuality(name as PresetName, quality.frameRate));
  };
  /** A new size or frame rate brings its recommended bitrate. */
  const change = (part: Partial<Quality>) => {
    const next = { ...quality, ...part };
    onChange({ ...next, videoBitrate: recommendedBitrate(next.width, next.height, next.frameRate) });
  };
  return (
    <fieldset className="fields" aria-describedby={problem ? `${id}-problem` : undefined}>
      <legend className="visually-hidden">Picture quality</legend>
      <div className="field">
        <label htmlFor={`${id}-preset`}>Quality</label>
        <select
          id={`${id}-preset`}
          value={custom ? 'custom' : (presetOf(quality) ?? 'custom')}
          onChange={(event) => choosePreset(event.target.value)}
        >
          {PRESETS.map((preset) => (
            <option key={preset.name} value={preset.name}>
              {preset.name} ({preset.width} × {preset.height})
            </option>
          ))}
          <option value="custom">Custom</option>
        </select>
      </div>
      {custom && (
        <div className="field-row">
          <NumberField
            id={`${id}-width`}
            label="Width"
            unit="px"
            step={2}
            limits={QUALITY_LIMITS.width}
            value={quality.width}
            onChange={(width) => change({ width })}
          />
          <NumberField
            id={`${id}-height`}
            label="Height"
            unit="px"
            step={2}
            limits={QUALITY_LIMITS.height}
            value={quality.height}
            onChange={(height) => change({ height })}
          />
        </div>
      )}
      <div className="field-row">
        <FrameRateField
          id={`${id}-rate`}
          custom={custom}
          value={quality.frameRate}
          onChange={(frameRate) => change({ frameRate })}
        />
        <NumberField
          id={`${id}-bitrate`}
          label="Bitrate"
          unit="kbit/s"
          step={50}
          limits={{
            least: QUALITY_LIMITS.videoBitrate.least / 1000,
            most: QUALITY_LIMITS.videoBitrate.most / 1000,
          }}
          value={quality.videoBitrate / 1000}
          onChange={(kilobits) => onChange({ ...quality, videoBitrate: kilobits * 1000 })}
        />
      </div>
      {problem && (
        <p id={`${id}-problem`} className="field-error" role="alert">
          {problem}
        </p>
      )}
    </fieldset>
  );
}

function FrameRateField(props: {
  id: string;
  custom: boolean;
  value: number;
  onChange: (value: number) => void;
}): ReactElement {
  if (props.custom) {
    return (
      <NumberField {...props} label="Frame rate" unit="fps" step={1} limits={QUALITY_LIMITS.frameRate} />
    );
  }
  const rates = FRAME_RATES.includes(props.value) ? FRAME_RATES : [...FRAME_RATES, props.value];
  return (
    <div className="field">
      <label htmlFor={props.id}>Frame rate</label>
      <select
        id={props.id}
        value={props.value}
        onChange={(event) => props.onChange(Number(event.target.value))}
      >
        {rates.map((rate) => (
          <option key={rate} value={rate}>
            {rate} fps
          </option>
        ))}
      </select>
    </div>
  );
}

/** An empty field is NaN, so that it can be seen as missing. */
function NumberField(props: {
  id: string;
  label: string;
  unit: string;
  step: number;
  limits: { readonly least: number; readonly most: number };
  value: number;
  onChange: (value: number) => void;
}): ReactElement {
  const { id, limits, value } = props;
  return (
    <div className="field">
      <label htmlFor={id}>
        {props.label} <span className="unit">{props.unit}</span>
      </label>
      <input
        id={id}
        type="number"
        inputMode="numeric"
        min={limits.least}
        max={limits.most}
        step={props.step}
        value={Number.isNaN(value) ? '' : value}
        onChange={(event) => props.onChange(event.target.valueAsNumber)}
      />
    </div>
  );
}
