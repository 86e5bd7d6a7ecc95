import type { PublishServerMessage } from '../../wire/publish.ts';

type Fields = Record<string, unknown>;

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** Whether the fields of each message are what the wire names; one that is unknown is left out. */
const CHECKS: Record<string, (fields: Fields) => boolean> = {
  ready: ({ offset }) => isCount(offset),
  ack: ({ offset }) => isCount(offset),
  status: ({ viewers, bitrate, elapsed }) => isNumber(viewers) && isNumber(bitrate) && isNumber(elapsed),
  ended: ({ recording }) => recording === null || typeof recording === 'string',
  pong: ({ id, time }) => isCount(id) && isNumber(time),
  error: ({ code, message }) => typeof code === 'string' && typeof message === 'string',
};

/** Reads what the server said; undefined when it is not a message that this publisher knows. */
export function parseServerMessage(text: string): PublishServerMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = value as Fields;
  const check =
    typeof fields.type === 'string' && Object.hasOwn(CHECKS, fields.type) ? CHECKS[fields.type] : undefined;
  return check?.(fields) ? (value as PublishServerMessage) : undefined;
}
