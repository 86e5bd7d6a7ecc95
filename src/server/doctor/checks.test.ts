import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runChecks } from './checks.ts';

async function finding(looked: string, environment: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-doctor-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const findings = await runChecks({ environment: { HEADWATER_PORT: '0', ...environment }, folder });
  return findings.find(({ name }) => name === looked);
}

const ffmpegFinding = (environment: Record<string, string>) => finding('ffmpeg', environment);

test('the doctor tells what ffmpeg can do', async () => {
  const found = await ffmpegFinding({});
  expect(found?.state).toBe('works');
  expect(found?.words).toMatch(/^\S+, with AAC and H\.264$/);
});

test('the doctor tells what there is not without ffmpeg, and what to do', async () => {
  const found = await ffmpegFinding({ HEADWATER_TRANSCODE_FFMPEG: '/nowhere/ffmpeg' });
  expect(found).toEqual({
    name: 'ffmpeg',
    state: 'off',
    words:
      'there is no /nowhere/ffmpeg that runs: players that do not know Opus, and RTMP destinations, get no sound; ' +
      'Firefox, which sends VP8, is not taken. ' +
      'Install it, or name it in transcode.ffmpeg',
  });
});

test('the doctor tells that ffmpeg is not used', async () => {
  const found = await ffmpegFinding({ HEADWATER_TRANSCODE_ENABLED: 'false' });
  expect(found).toMatchObject({ state: 'off', words: 'not used: transcode.enabled is false' });
});

test('the doctor tells whether publishers are taken in over RTMP, and what keeps them out', async () => {
  expect(await finding('RTMP', {})).toMatchObject({ state: 'off' });
  const enabled = { HEADWATER_INGEST_RTMP_ENABLED: 'true', HEADWATER_INGEST_RTMP_PORT: '0' };
  expect(await finding('RTMP', enabled)).toEqual({ name: 'RTMP', state: 'works', words: 'rtmp: on 0' });
  const bad = await finding('RTMP', { ...enabled, HEADWATER_INGEST_RTMP_CERTIFICATE: '/nowhere/cert.pem' });
  expect(bad?.state).toBe('broken');
  expect(bad?.words).toContain('/nowhere/cert.pem');
});
