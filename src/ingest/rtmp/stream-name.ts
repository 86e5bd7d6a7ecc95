/** What a publisher sends as the name of its stream: in OBS it is called the stream key. Secret. */
export interface StreamName {
  /** Undefined where the key says which it is. */
  readonly channel: string | undefined;
  readonly key: string;
  /** It takes the channel from a publisher that is there. */
  readonly takeover: boolean;
}

/** Far more than any of ours has. */
const MAX_LENGTH = 512;

/** Reads `{channel}?key={stream key}` or the stream key alone, either with `takeover=1`; undefined for what is neither. */
export function parseStreamName(text: string): StreamName | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const [name = '', query = ''] = text.split('?', 2);
  const parameters = new URLSearchParams(query);
  const stated = parameters.get('key');
  const key = stated ?? name;
  if (key === '') return undefined;
  const takeover = ['1', 'true'].includes(parameters.get('takeover') ?? '');
  return { channel: stated === null ? undefined : name, key, takeover };
}
