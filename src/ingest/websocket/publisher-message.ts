import Schema from 'typebox/schema';
import { MAX_TEXT_BYTES } from '../../wire/peer-watch.ts';
import { PublisherMessage } from '../../wire/publish.ts';
import { PublishError } from '../session/publish-error.ts';

const validator = Schema.Compile(PublisherMessage);

/** Reads a publisher's text message. Throws PublishError `bad-message` in words. */
export function parsePublisherMessage(data: Buffer): PublisherMessage {
  if (data.byteLength > MAX_TEXT_BYTES) {
    throw new PublishError('bad-message', `A text message may have ${MAX_TEXT_BYTES} bytes.`);
  }
  const message = parseJson(data.toString());
  if (validator.Check(message)) return message;
  throw new PublishError(
    'bad-message',
    'The message is none of start, clock, end and ping, or a field of it is wrong.',
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new PublishError('bad-message', 'A text message must be JSON.');
  }
}
