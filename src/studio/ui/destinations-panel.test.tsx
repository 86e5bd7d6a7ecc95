import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import type { DestinationResource } from '../../wire/api.ts';
import { type DestinationActions, DestinationsPanel } from './destinations-panel.tsx';

const never = () => new Promise<never>(() => {});
const actions: DestinationActions = {
  ...{ add: never, change: never, remove: never, start: never, stop: never, test: never },
};

/** What is shown of one destination, as text. */
function textOf(status: Partial<DestinationResource['status']>, isCurrent = true): string {
  const destination: DestinationResource = {
    ...{
      id: 'd',
      name: 'Mine',
      provider: 'custom',
      url: 'rtmp://host/live',
      hasKey: true,
      playbackUrl: null,
    },
    ...{ enabled: true, when: 'always', mode: 'copy', maxDuration: 3_600_000, createdAt: 0 },
    status: {
      ...{
        state: 'live',
        code: null,
        message: null,
        liveSince: null,
        nextTry: null,
        bitrate: 0,
        sentBytes: 0,
      },
      ...{ acknowledgedBytes: 0, droppedGroups: 0, holding: false, remaining: null },
      ...status,
    },
  };
  const panel = (
    <DestinationsPanel destinations={[destination]} isCurrent={isCurrent} isLive actions={actions} />
  );
  return renderToStaticMarkup(panel)
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');
}

it('counts down to the end of a destination that has a time limit', () => {
  expect(textOf({ remaining: 754_999 })).toContain('Ends in 12:34 .');
  expect(textOf({ remaining: 0 })).toContain('Ends in 0:00 .');
  expect(textOf({ remaining: null })).not.toContain('Ends in');
});

it('calls no destination live while the server does not answer', () => {
  expect(textOf({ liveSince: Date.now(), remaining: 60_000 })).toContain('Mine: Live');
  const text = textOf({ liveSince: Date.now(), remaining: 60_000 }, false);
  expect(text).toContain('Mine: Unknown');
  expect(text).toContain('The server does not answer');
  expect(text).not.toMatch(/Live|Ends in|Mbit/);
});
