import { beforeEach, describe, expect, it } from 'vitest';
import { ViewerState } from './viewer-state.ts';

const LIVE = { type: 'live', broadcast: 'b', startedAt: 0, title: null } as const;
let state: ViewerState;
beforeEach(() => {
  state = new ViewerState();
});

describe('what a viewer is told', () => {
  it('is live only when a picture is there', () => {
    expect(state.state).toBe('connecting');
    state.told(LIVE);
    expect(state.state).toBe('connecting');
    state.pictured();
    expect(state.state).toBe('live');
  });

  it('follows the broadcast', () => {
    state.told({ type: 'offline' });
    expect(state.state).toBe('offline');
    state.told(LIVE);
    state.pictured();
    state.told({ type: 'interrupted', grace: 30_000 });
    expect(state.state).toBe('interrupted');
    expect(state.hasPicture).toBe(true);
    state.told({ type: 'resumed' });
    expect(state.state).toBe('live');
    state.told({ type: 'ended' });
    expect(state.state).toBe('ended');
    expect(state.isBroadcasting).toBe(false);
  });

  it('is the end for whose connection was lost when it came, and not that nothing was on', () => {
    state.told(LIVE);
    state.pictured();
    state.disconnected();
    state.told({ type: 'offline' });
    expect(state.state).toBe('ended');
    state.told({ type: 'offline' });
    expect(state.state).toBe('offline');
  });

  it('says that the connection is lost until the server is heard again', () => {
    state.told(LIVE);
    state.pictured();
    state.disconnected();
    expect(state.state).toBe('connecting');
    expect(state.hasPicture).toBe(true);
    state.told({ type: 'viewers', count: 1 });
    expect(state.state).toBe('live');
  });

  it.each([
    ['not-found', () => state.told({ type: 'offline' }), 'ended'],
    ['protocol', () => state.heard(), 'live'],
    ['unsupported-codec', () => state.mediaChanged(), 'live'],
    ['bad-media', () => state.pictured(), 'live'],
    ['bad-media', () => state.told({ type: 'ended' }), 'ended'],
  ] as const)('forgets %s when its cause is gone', (code, mend, after) => {
    state.told(LIVE);
    state.pictured();
    state.failed({ code, message: 'why' });
    expect(state.state).toBe('error');
    expect(state.problem?.code).toBe(code);
    mend();
    expect(state.state).toBe(after);
  });
});

describe('a viewer who went back', () => {
  it('is told so, whatever becomes of the broadcast and the connection', () => {
    state.told(LIVE);
    state.pictured();
    state.rewound = true;
    expect(state.state).toBe('rewound');
    state.disconnected();
    state.told({ type: 'ended' });
    expect([state.state, state.isOn, state.isKnown]).toEqual(['rewound', false, true]);
    state.pictureLost();
    expect(state.state).toBe('connecting');
    state.rewound = false;
    expect(state.state).toBe('ended');
  });
});
