import { type ReactElement, useEffect, useRef } from 'react';
import { decayLevel, SILENCE } from '../capture/audio-level.ts';
import type { AudioMixer } from '../capture/audio-mixer.ts';

const SPOKEN_EVERY = 500;

/** What is sent, as loud as it is: drawn with every picture of the screen, without React in between. */
export function LevelMeter({ mixer }: { mixer: AudioMixer }): ReactElement {
  const bar = useRef<HTMLDivElement>(null);
  const meter = useRef<HTMLMeterElement>(null);
  useEffect(() => {
    let shown = SILENCE;
    let drawnAt = performance.now();
    let spokenAt = 0;
    let request = requestAnimationFrame(function draw(now) {
      shown = decayLevel(shown, mixer.level, now - drawnAt);
      drawnAt = now;
      bar.current?.style.setProperty('--level', String(1 - shown / SILENCE));
      if (meter.current && now - spokenAt > SPOKEN_EVERY) {
        spokenAt = now;
        meter.current.value = Math.round(shown);
        meter.current.ariaValueText = shown <= SILENCE ? 'silent' : `${shown.toFixed(0)} decibels`;
      }
      request = requestAnimationFrame(draw);
    });
    return () => cancelAnimationFrame(request);
  }, [mixer]);
  return (
    <div ref={bar} className="level-meter">
      <meter
        ref={meter}
        className="visually-hidden"
        aria-label="Audio level"
        min={SILENCE}
        max={0}
        value={SILENCE}
      />
      <div className="level-meter-bar" />
    </div>
  );
}
