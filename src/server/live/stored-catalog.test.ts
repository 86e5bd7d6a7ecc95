import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../channel/manual-clock.ts';
import { bytes, milliseconds } from '../../media/time.ts';
import { type CatalogStore, StoredCatalog } from './stored-catalog.ts';

const EXTENT = { size: bytes(1000), duration: milliseconds(2000.4), gaps: [] };
const START = {
  id: 'r',
  broadcast: { id: 'b', channel: 'main', title: null, startedAt: milliseconds(1) },
  startedAt: milliseconds(2),
  mime: 'video/mp4',
};

let clock: ManualClock;
let full: boolean;
let written: string[];
let catalog: StoredCatalog;

beforeEach(() => {
  clock = new ManualClock();
  full = false;
  written = [];
  const write = async (what: string) => {
    if (full) throw new Error('database or disk is full');
    written.push(what);
  };
  const store: CatalogStore = {
    broadcasts: { start: ({ id }) => write(`broadcast ${id}`) },
    recordings: {
      start: ({ id, broadcast }) => write(`${id} of ${broadcast}`),
      progress: (id, { state, size, duration }) => write(`${id} ${state} ${size} ${duration}`),
    },
    sync: async () => {},
  };
  catalog = new StoredCatalog(store, clock);
});

/** Lets another try happen, and everything that it writes. */
async function tryAgain() {
  clock.advance(10_000);
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

describe('the catalog', () => {
  it('lists a recording as it begins, grows and ends', async () => {
    await catalog.created(START);
    await catalog.progressed('r', EXTENT);
    await catalog.completed('r', EXTENT);
    const lines = ['broadcast b', 'r of b', 'r recording 1000 2000', 'r complete 1000 2000'];
    expect(written).toEqual(lines);
    expect(clock.pending).toBe(0);
  });
});

describe('a catalog on a full disk', () => {
  it('knows how a recording ended, and writes it when there is room', async () => {
    await catalog.created(START);
    full = true;
    await expect(catalog.damaged('r', EXTENT)).rejects.toThrow('full');
    expect(catalog.unwrittenEnd('r')).toEqual({ state: 'damaged', size: 1000, duration: 2000, gaps: [] });
    await tryAgain();
    expect(catalog.unwrittenEnd('r')?.state).toBe('damaged');
    full = false;
    await tryAgain();
    expect(catalog.unwrittenEnd('r')).toBeUndefined();
    expect(written.at(-1)).toBe('r damaged 1000 2000');
    expect(clock.pending).toBe(0);
  });

  it('lists a recording later that it could not list at its beginning', async () => {
    full = true;
    await expect(catalog.created(START)).rejects.toThrow('full');
    full = false;
    await catalog.progressed('r', EXTENT);
    expect(written).toEqual(['broadcast b', 'r of b', 'r recording 1000 2000']);
  });

  it('writes nothing of a recording that was deleted meanwhile', async () => {
    full = true;
    await expect(catalog.created(START)).rejects.toThrow('full');
    catalog.forget('r');
    full = false;
    await tryAgain();
    expect(written).toEqual([]);
  });

  it('leaves no timer behind', async () => {
    full = true;
    await expect(catalog.created(START)).rejects.toThrow('full');
    catalog.close();
    expect(clock.pending).toBe(0);
    await expect(catalog.completed('r', EXTENT)).rejects.toThrow('full');
    expect(clock.pending).toBe(0);
  });
});
