import { describe, expect, it } from 'vitest';
import type { ChannelResource } from '../../wire/api.ts';
import { changeOf, formOf } from './channel-form.ts';

const channel: ChannelResource = {
  name: 'main',
  title: 'Main stage',
  record: true,
  live: true,
  keepOriginal: false,
  dvr: true,
  keepBytes: 1_500_000_000,
  keepDays: null,
  reconnectGrace: 30_000,
  maxDuration: null,
  createdAt: 0,
  state: 'offline',
  viewers: 0,
  audience: { websocket: 0, hls: 0, dash: 0, dvr: 0, unique: 0, today: 0 },
};
const form = formOf(channel);
const switches = { title: 'Main stage', record: true, live: true, keepOriginal: false };

describe('the settings of a channel', () => {
  it('are shown in the units of people', () => {
    expect(form).toMatchObject({ grace: '30', longest: '', gigabytes: '1.5', days: '' });
  });

  it('that nobody touched are left out', () => {
    expect(changeOf(form, channel)).toEqual(switches);
  });

  it('are sent in the units of the API', () => {
    const typed = { ...form, grace: '0', longest: '90', gigabytes: '0.25', days: '14', keepOriginal: true };
    expect(changeOf({ ...form, dvr: false }, channel)).toEqual({ ...switches, dvr: false });
    expect(changeOf(typed, channel)).toEqual({
      ...switches,
      keepOriginal: true,
      reconnectGrace: 0,
      maxDuration: 5_400_000,
      keepBytes: 250_000_000,
      keepDays: 14,
    });
  });

  it('are taken away where they are emptied', () => {
    expect(changeOf({ ...form, gigabytes: '', grace: '' }, channel)).toEqual({
      ...switches,
      keepBytes: null,
      reconnectGrace: null,
    });
  });

  it('leave a title that is its name to follow that', () => {
    const untitled = { ...channel, title: channel.name };
    const change = changeOf({ ...formOf(untitled), name: 'stage' }, untitled);
    expect(change).toMatchObject({ name: 'stage' });
    expect(change.title).toBeUndefined();
  });

  it('give it its name as a title where that is emptied', () => {
    expect(changeOf({ ...form, name: 'stage', title: ' ' }, channel)).toMatchObject({
      name: 'stage',
      title: 'stage',
    });
  });
});
