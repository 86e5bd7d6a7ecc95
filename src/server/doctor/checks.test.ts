import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runChecks } from './checks.ts';

async function ffmpegFinding(environment: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-doctor-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const findings = await runChecks({ environment: { HEADWATER_PORT: '0', ...environment }, folder });
  return findings.find(({ name }) => name === 'ffmpeg');
}

test('the doctor tells what ffmpeg can do', async () => {
  const finding = await ffmpegFinding({});
  expect(finding?.state).toBe('works');
  expect(finding?.words).toMatch(/^\S+, with AAC and H\.264$/);
});

test('the doctor tells what there is not without ffmpeg, and what to do', async () => {
  const finding = await ffmpegFinding({ HEADWATER_TRANSCODE_FFMPEG: '/nowhere/ffmpeg' });
  expect(finding).toEqual({
    name: 'ffmpeg',
    state: 'off',
    words:
      'there is no /nowhere/ffmpeg that runs: players that do not know Opus, and RTMP destinations, get no sound. ' +
      'Install it, or name it in transcode.ffmpeg',
  });
});

test('the doctor tells that ffmpeg is not used', async () => {
  const finding = await ffmpegFinding({ HEADWATER_TRANSCODE_ENABLED: 'false' });
  expect(finding).toMatchObject({ state: 'off', words: 'not used: transcode.enabled is false' });
});
