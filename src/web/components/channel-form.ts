import type { ChannelResource, UpdateChannel } from '../../wire/api.ts';

/** A channel's settings as they are typed: numbers as text, in the units of the dialog, empty for none. */
export interface ChannelForm {
  readonly name: string;
  readonly title: string;
  readonly record: boolean;
  readonly live: boolean;
  readonly keepOriginal: boolean;
  readonly dvr: boolean;
  /** Seconds. */
  readonly grace: string;
  /** Minutes. */
  readonly longest: string;
  /** Gigabytes: powers of 1000, as sizes are shown. */
  readonly gigabytes: string;
  readonly days: string;
}

const SECOND = 1000;
const MINUTE = 60_000;
const GIGABYTE = 1e9;

/** What the dialog begins with. */
export function formOf(channel: ChannelResource): ChannelForm {
  const { name, title, record, live, keepOriginal, dvr } = channel;
  const { reconnectGrace, maxDuration, keepBytes, keepDays } = channel;
  return {
    ...{ name, title, record, live, keepOriginal, dvr },
    grace: textOf(reconnectGrace, SECOND),
    longest: textOf(maxDuration, MINUTE),
    gigabytes: textOf(keepBytes, GIGABYTE),
    days: textOf(keepDays, 1),
  };
}

/** What is to be changed. What nobody touched of numbers, and of going back, is left out: it goes on following the server's own settings; so is a title that is the name. */
export function changeOf(form: ChannelForm, channel: ChannelResource): UpdateChannel {
  const before = formOf(channel);
  const { name, title, record, live, keepOriginal } = form;
  const isCalledByName = title === before.title && title === before.name;
  return {
    ...(name === before.name ? {} : { name }),
    ...(isCalledByName ? {} : { title: title.trim() || name }),
    ...{ record, live, keepOriginal },
    ...(form.dvr === before.dvr ? {} : { dvr: form.dvr }),
    ...(form.grace === before.grace ? {} : { reconnectGrace: numberOf(form.grace, SECOND) }),
    ...(form.longest === before.longest ? {} : { maxDuration: numberOf(form.longest, MINUTE) }),
    ...(form.gigabytes === before.gigabytes ? {} : { keepBytes: numberOf(form.gigabytes, GIGABYTE) }),
    ...(form.days === before.days ? {} : { keepDays: numberOf(form.days, 1) }),
  };
}

const textOf = (value: number | null, unit: number) => (value === null ? '' : String(value / unit));

const numberOf = (text: string, unit: number) => (text === '' ? null : Math.round(Number(text) * unit));
