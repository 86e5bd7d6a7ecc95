import { type ReactElement, type ReactNode, useCallback, useEffect, useMemo, useState } from 'react';
import { PublishError } from '../../studio/publish/publish-error.ts';
import type { RecorderOptions } from '../../studio/recorder.ts';
import { RecorderView } from '../../studio/ui/recorder-view.tsx';
import type { RecorderWords } from '../../studio/ui/recorder-words.ts';
import { isSignedIn } from '../api/session.ts';
import { SavedRecording } from '../components/saved-recording.tsx';
import { useTitle } from '../components/use-title.ts';
import { parseRecordAddress, type RecordOptions } from '../record-options.ts';
import { paths, publishUrl } from '../route.ts';

/** `/record`: records by itself, for interviews and exams. With the key from the address, or as who is signed in. */
export function RecordPage({ search, hash }: { search: string; hash: string }): ReactElement {
  const asked = useMemo(() => parseRecordAddress(search, hash), [search, hash]);
  const key = asked?.key;
  const [allowed, setAllowed] = useState(key !== undefined ? true : null);
  useEffect(() => {
    // Without an answer the recorder finds out by itself, and says so.
    if (key === undefined) isSignedIn().then(setAllowed, () => setAllowed(true));
  }, [key]);
  return (
    <div className="page recorder-page">
      {!asked ? (
        <Problem title="Which channel?">
          The address must name a channel: <code>/record?channel=main</code>. Ask the person who sent you
          here.
        </Problem>
      ) : allowed === false ? (
        <Problem title="This link is not complete">
          It has no key at its end. Ask the person who sent you here for the whole link, or{' '}
          <a href={paths.channels}>sign in</a> if you run this server.
        </Problem>
      ) : (
        allowed && <RecorderOf asked={asked} />
      )}
    </div>
  );
}

function RecorderOf({ asked }: { asked: RecordOptions }): ReactElement {
  const [words, setWords] = useState<RecorderWords>();
  const options = useMemo<RecorderOptions>(
    () => ({
      channel: asked.channel,
      url: publishUrl(asked.channel),
      namePrefix: asked.namePrefix,
      timeslice: asked.chunkTime,
      key: asked.key,
      diagnose: () => diagnose(asked.channel),
    }),
    [asked],
  );
  const onWords = useCallback((next: RecorderWords) => setWords(next), []);
  useTitle(`${words?.word === 'Recording' ? '● ' : ''}${words?.word ?? 'Recorder'} · ${asked.channel}`);
  return (
    <main>
      <h1 className="visually-hidden">Recording to {asked.channel}</h1>
      <RecorderView options={options} onWords={onWords} saved={showSaved} />
    </main>
  );
}

const showSaved = (id: string) => <SavedRecording id={id} />;

function Problem({ title, children }: { title: string; children: ReactNode }): ReactElement {
  useTitle(title);
  return (
    <main className="fields">
      <h1>{title}</h1>
      <p>{children}</p>
    </main>
  );
}

/** A browser tells nothing of a refused WebSocket; the channel's public page tells at least whether it is there. */
async function diagnose(channel: string): Promise<PublishError | undefined> {
  const answer = await fetch(paths.watch(channel), { method: 'HEAD' });
  return answer.status === 404 ? new PublishError('channel-not-found') : undefined;
}
