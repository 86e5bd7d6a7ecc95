import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { startTestServer } from '../test-server.ts';
import { createLogger } from './create-logger.ts';

const CANARY = 'canary-7d1e0c9b5f';

/** What the logger writes for these fields and that message. */
function written(fields: object, message = 'message'): string {
  let text = '';
  const stream = new Writable({
    write(line: Buffer, _encoding, done) {
      text += line.toString();
      done();
    },
  });
  createLogger('debug', stream).info(fields, message);
  expect(JSON.parse(text)).toMatchObject({ level: 30 });
  return text;
}

describe('a secret never gets into the log', () => {
  test.each([
    [{ authorization: CANARY }],
    [{ headers: { authorization: `Bearer ${CANARY}`, cookie: `headwater_session=${CANARY}` } }],
    [{ req: { headers: { authorization: CANARY, cookie: CANARY, 'set-cookie': CANARY } } }],
    [{ 'set-cookie': CANARY }],
    [{ streamKey: CANARY }],
    [{ channel: { streamKey: CANARY, key: CANARY } }],
    [{ token: CANARY, adminToken: CANARY, password: CANARY, secret: CANARY }],
    [{ url: `/live/main/publish?key=${CANARY}` }],
    [{ url: `/?a=b&token=${CANARY}&c=d` }],
    [{ err: new Error(`connect to http://x/?token=${CANARY} failed`) }],
    [{ deep: { er: { still: { text: `Bearer ${CANARY}` } } } }],
    [{ text: `cookie: headwater_session=${CANARY}; a=b` }],
  ])('as a field: %#', (fields) => {
    expect(written(fields)).not.toContain(CANARY);
  });

  test('as part of a message', () => {
    for (const message of [`GET /?token=${CANARY} failed`, `Bearer ${CANARY}`, `?key=${CANARY}"`]) {
      expect(written({}, message)).not.toContain(CANARY);
    }
  });

  test('what is no secret stays', () => {
    expect(written({ url: '/watch/main?monkey=1', keyframe: true }, 'a key')).toMatch(
      /monkey=1.*"keyframe":true.*a key/,
    );
  });

  test('whatever is asked of the server at its most talkative', async () => {
    const server = await startTestServer({ HEADWATER_ADMIN_TOKEN: `${CANARY}-token` });
    const streamKey = await server.streamKey('main');
    const session = await server.request('GET', `/?token=${server.token}`, { anonymous: true });
    const cookie = session.headers.get('set-cookie')?.split(';')[0] ?? '';
    await server.request('GET', '/', { anonymous: true, headers: { cookie } });
    await server.request('GET', `/?token=${CANARY}-wrong`, { anonymous: true });
    await server.request('GET', `/nothing?key=${streamKey}`, {
      headers: { authorization: `Bearer ${CANARY}` },
    });
    await server.request('POST', '/api/session', { anonymous: true, body: { token: server.token } });
    await server.request('POST', '/api/session', { anonymous: true, body: `{"token": "${CANARY}` });
    const { streamKey: fresh } = (await (await server.request('POST', '/api/channels/main/key')).json()) as {
      streamKey: string;
    };
    for (const path of [
      `/live/main/publish?key=${fresh}`,
      `/live/main/publish?key=${CANARY}`,
      `/live/x/ws?token=${CANARY}`,
    ]) {
      const socket = new WebSocket(server.url.replace('http', 'ws') + path);
      const { promise, resolve } = Promise.withResolvers<void>();
      socket.onopen = () => socket.close();
      socket.onerror = () => resolve();
      socket.onclose = () => resolve();
      await promise;
    }
    await server.close();
    const log = server.log();
    expect(log).toContain('/nothing');
    for (const secret of [CANARY, streamKey, fresh, cookie.split('=')[1] ?? 'none'])
      expect(log).not.toContain(secret);
  });
});
