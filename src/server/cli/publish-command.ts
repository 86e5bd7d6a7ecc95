import { MediaError } from '../../media/media-error.ts';
import { commandClock } from '../system-clock.ts';
import type { Command } from './command.ts';
import { parseOptions } from './parse-options.ts';
import { MediaFile } from './publish/media-file.ts';
import { Progress } from './publish/progress.ts';
import { PublishFailure } from './publish/publish-failure.ts';
import { publishFile } from './publish/publish-file.ts';
import { parsePublishTarget } from './publish/publish-target.ts';
import { UsageError } from './usage-error.ts';

const HELP = `headwater publish FILE --to URL: publish a WebM or fragmented MP4 file, as a browser would

  --to URL        where to: http://127.0.0.1:8080/live/main, or ws://…/live/main/publish
  --key KEY       the channel's stream key; better in the environment, as HEADWATER_STREAM_KEY
  --realtime      as fast as it was recorded, instead of as fast as the server takes it
  --loop          begin again at the end, in the same broadcast, until stopped; implies --realtime
  --title TEXT    the broadcast's title
  --takeover      take the channel from whoever publishes to it now

It resumes after every cut where the server says. Ctrl-C ends the broadcast there. At the end it prints the recording's
id on standard output and exits with 0; otherwise it says why and exits with 1.`;

/** `headwater publish` */
export const publishCommand: Command = { help: HELP, run: publish };

const OPTIONS = {
  to: { type: 'string' },
  key: { type: 'string' },
  realtime: { type: 'boolean', default: false },
  loop: { type: 'boolean', default: false },
  title: { type: 'string' },
  takeover: { type: 'boolean', default: false },
} as const;

async function publish(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseOptions(args, OPTIONS);
  const [path, surplus] = positionals;
  if (path === undefined) throw new UsageError('which FILE?');
  if (surplus !== undefined) throw new UsageError(`"${surplus}" is not understood: one FILE at a time.`);
  if (values.to === undefined) throw new UsageError('where --to?');
  const target = parsePublishTarget(values.to);
  const key = values.key ?? target.key ?? process.env.HEADWATER_STREAM_KEY;
  const stop = new AbortController();
  const progress = new Progress(process.stderr, commandClock);
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  let file: MediaFile | undefined;
  try {
    file = await MediaFile.open(path);
    const { recording, stopped } = await publishFile({
      address: { url: target.url, key: key || undefined },
      file,
      title: values.title,
      realtime: values.realtime || values.loop,
      loop: values.loop,
      takeover: values.takeover,
      clock: commandClock,
      stop: stop.signal,
      onProgress: (state) => progress.show(state),
    });
    progress.end();
    const words = stopped ? 'Stopped.' : recording === null ? 'Ended. It was not recorded.' : 'Ended.';
    console.log(recording === null ? words : `${words} Recording: ${recording}`);
    return 0;
  } catch (error) {
    progress.end();
    if (!(error instanceof PublishFailure || error instanceof MediaError)) throw error;
    console.error(`headwater publish: ${error.code}: ${error.message}`);
    return 1;
  } finally {
    await file?.close();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}
