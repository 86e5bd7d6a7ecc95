// Many HLS viewers that read everything and look at little. Arguments: port, path of the video playlist, count, and what they
// do. `parts`: wait for each playlist, and fetch the part that it hints at. `segments`: reload every two seconds and fetch the
// newest. `dash`: reload the manifest (the path is its own) twice a second, and fetch each segment from its beginning on.
// `file-parts` and `file-segments` ask as often, of files that do not change. On a message it says how much came.
import { Agent, get } from 'node:http';

const [port = '0', path = '/', count = '1', kind = 'parts'] = process.argv.slice(2);
const SEGMENT_MS = 2000;
const PART_MS = 200;
const MANIFEST_MS = 500;
let received = 0;
let requests = 0;
let failed = 0;

const later = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** Answers the text of a playlist, and nothing of media. */
function load(agent: Agent, target: string): Promise<string> {
  requests += 1;
  return new Promise((settle) => {
    const request = get({ agent, port: Number(port), host: '127.0.0.1', path: target }, (response) => {
      const isText = target.includes('.m3u8') || target.endsWith('.mpd');
      let text = '';
      if (response.statusCode !== 200) failed += 1;
      response.on('data', (bytes: Buffer) => {
        received += bytes.length;
        if (isText) text += bytes.toString();
      });
      response.on('end', () => settle(text));
    });
    request.on('error', () => {
      failed += 1;
      settle('');
    });
  });
}

const folder = path.slice(0, path.lastIndexOf('/') + 1);

async function watchParts(agent: Agent): Promise<void> {
  let text = await load(agent, path);
  for (;;) {
    const edge = readEdge(text);
    const hint = /HINT:TYPE=PART,URI="([^"]+)"/.exec(text)?.[1];
    const [next] = await Promise.all([
      load(agent, `${path}?_HLS_msn=${edge.sequence}&_HLS_part=${edge.part}&_HLS_skip=YES`),
      hint ? load(agent, folder + hint) : later(100),
    ]);
    if (next === '') await later(500);
    else text = next;
  }
}

/** The segment and part that are not there yet. */
function readEdge(text: string): { sequence: number; part: number } {
  const first = Number(/MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1]);
  const skipped = Number(/SKIPPED-SEGMENTS=(\d+)/.exec(text)?.[1] ?? 0);
  const complete = text.match(/^#EXTINF/gm)?.length ?? 0;
  const open = text.slice(Math.max(0, text.lastIndexOf('#EXTINF')));
  return { sequence: first + skipped + complete, part: open.match(/^#EXT-X-PART:/gm)?.length ?? 0 };
}

async function watchSegments(agent: Agent, always: boolean): Promise<void> {
  let newest = '';
  await later(Math.random() * SEGMENT_MS);
  for (;;) {
    const text = await load(agent, path);
    const name = text.match(/^[^#\n]+\.m4s$/gm)?.at(-1) ?? '';
    if (name !== '' && (always || name !== newest)) await load(agent, folder + name);
    newest = name;
    await later(SEGMENT_MS);
  }
}

async function watchDash(agent: Agent): Promise<void> {
  const at: Record<string, number> = {};
  await later(Math.random() * MANIFEST_MS);
  for (;;) {
    const text = await load(agent, path);
    for (const [, media = '', first, timeline = ''] of text.matchAll(
      /media="([^"]+)" startNumber="(\d+)"[^>]*>(.*?)<\/SegmentTimeline>/gs,
    )) {
      const entries = [...timeline.matchAll(/<S ([^>]*)\/>/g)].map(([, entry = '']) =>
        Number(/r="(\d+)"/.exec(entry)?.[1] ?? 0),
      );
      const newest = entries.reduce((sum, repeat) => sum + repeat + 1, Number(first) - 1);
      if (at[media] === newest) continue;
      at[media] = newest;
      void load(agent, folder + media.replace('$Number$', String(newest)));
    }
    await later(MANIFEST_MS);
  }
}

async function watchFileParts(agent: Agent): Promise<void> {
  await later(Math.random() * PART_MS);
  let due = performance.now();
  for (;;) {
    const text = await load(agent, path);
    const part = /PART:[^\n]*URI="([^"]+)"/.exec(text)?.[1] ?? '';
    await load(agent, folder + part);
    due += PART_MS;
    await later(Math.max(0, due - performance.now()));
  }
}

const watch: Readonly<Record<string, (agent: Agent) => Promise<void>>> = {
  parts: watchParts,
  segments: (agent) => watchSegments(agent, false),
  dash: watchDash,
  'file-parts': watchFileParts,
  'file-segments': (agent) => watchSegments(agent, true),
};

for (let index = 0; index < Number(count); index += 1) {
  void watch[kind]?.(new Agent({ keepAlive: true, maxSockets: kind === 'dash' ? 3 : 2 }));
}
process.on('message', () => process.send?.({ received, requests, failed }));
process.send?.({ ready: true });
