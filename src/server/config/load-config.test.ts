import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigError } from './config-error.ts';
import { formatConfigurationTable } from './configuration-table.ts';
import { loadConfig } from './load-config.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headwater-config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const load = (environment: Record<string, string> = {}, yaml?: string) => {
  if (yaml !== undefined) writeFileSync(join(folder, 'headwater.yaml'), yaml);
  return loadConfig({ environment, folder });
};

/** What loading complains about, with the folder cut out. */
async function problems(environment: Record<string, string>, yaml?: string): Promise<readonly string[]> {
  try {
    await load(environment, yaml);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((each) => each.replaceAll(`${folder}/`, ''));
    throw error;
  }
  return [];
}

describe('settings', () => {
  test('have defaults that need no file', async () => {
    const { config, file, adminToken, warnings } = await load();
    expect(config.server).toEqual({ host: '127.0.0.1', port: 8080, origins: [], trustProxy: [] });
    expect(config.limits.bitrate).toBe(50_000_000);
    expect(config.broadcast.reconnectGrace).toBe(30_000);
    expect(config.data).toBe(join(folder, 'data'));
    expect([file, adminToken, warnings]).toEqual([undefined, undefined, []]);
  });

  test('come from headwater.yaml in the working directory, section by section', async () => {
    const { config, file } = await load(
      {},
      'server:\n  port: 9000\n  origins: [https://example.org]\ndata: /srv/hw\nlimits:\n',
    );
    expect(config.server).toEqual({
      host: '127.0.0.1',
      port: 9000,
      origins: ['https://example.org'],
      trustProxy: [],
    });
    expect(config.data).toBe('/srv/hw');
    expect(file).toBe(join(folder, 'headwater.yaml'));
  });

  test('come from the file that HEADWATER_CONFIG names', async () => {
    writeFileSync(join(folder, 'other.yaml'), 'play: { mergeWindow: 200 }');
    expect(
      (await load({ HEADWATER_CONFIG: 'other.yaml' }, 'play: { mergeWindow: 1 }')).config.play.mergeWindow,
    ).toBe(200);
  });

  test('are overridden by the environment', async () => {
    const environment = {
      HEADWATER_HOST: '0.0.0.0',
      HEADWATER_PORT: '1234',
      HEADWATER_DATA: 'elsewhere',
      HEADWATER_ORIGINS: 'https://a.example, https://b.example:8443',
      HEADWATER_RECORDING_ENABLED: 'false',
      HEADWATER_LIMITS_NO_MEDIA_TIMEOUT: '5000',
      HEADWATER_ADMIN_TOKEN: 'sixteen-letters-',
    };
    const { config, adminToken } = await load(environment, 'server:\n  port: 9000\n');
    expect(config.server.port).toBe(1234);
    expect(config.server.origins).toEqual(['https://a.example', 'https://b.example:8443']);
    expect(config.data).toBe(join(folder, 'elsewhere'));
    expect(config.recording.enabled).toBe(false);
    expect(config.limits.noMediaTimeout).toBe(5000);
    expect(adminToken).toBe('sixteen-letters-');
  });

  test('an empty variable is one that is not set', async () => {
    expect((await load({ HEADWATER_PORT: '', HEADWATER_ADMIN_TOKEN: '' })).config.server.port).toBe(8080);
  });
});

describe('a wrong setting is refused with its key and what was expected', () => {
  test.each([
    [
      'server:\n  port: http',
      'headwater.yaml: server.port: expected a whole number from 0 to 65535, got "http"',
    ],
    [
      'server:\n  port: 65536',
      'headwater.yaml: server.port: expected a whole number from 0 to 65535, got 65536',
    ],
    ['server: 8080', 'headwater.yaml: server: expected a section of settings, got 8080'],
    ['[1, 2]', 'headwater.yaml: expected sections such as "server:", got [1,2]'],
    [
      'limits:\n  bitrate: -1',
      'headwater.yaml: limits.bitrate: expected a whole number, 1000 or more, got -1',
    ],
    ['recording:\n  enabled: sure', 'headwater.yaml: recording.enabled: expected true or false, got "sure"'],
    [
      'log:\n  level: loud',
      'headwater.yaml: log.level: expected one of debug, info, warn, error, silent, got "loud"',
    ],
    [
      'server:\n  origins: [https://example.org/path]',
      'headwater.yaml: server.origins: expected a list of origins such as https://example.org, got ["https://example.org/path"]',
    ],
    ['data: ""', 'headwater.yaml: data: expected a text that is not empty, got ""'],
    ['limits:\n  bitrat: 5', 'headwater.yaml: limits.bitrat is not a setting; did you mean limits.bitrate?'],
    ['sever:\n  port: 5', 'headwater.yaml: sever is not a setting; did you mean server?'],
    ['colour: blue', 'headwater.yaml: colour is not a setting; docs/configuration.md lists them all'],
  ])('%s', async (yaml, problem) => {
    expect(await problems({}, yaml)).toEqual([problem]);
  });

  test('from the environment by the name of the variable', async () => {
    expect(await problems({ HEADWATER_PORT: 'tcp://10.0.0.1:8080' })).toEqual([
      'HEADWATER_PORT: expected a whole number from 0 to 65535, got "tcp://10.0.0.1:8080"',
    ]);
    expect(await problems({ HEADWATER_CONFIG: 'nowhere.yaml' })).toEqual([
      'HEADWATER_CONFIG: there is no file nowhere.yaml',
    ]);
    expect(await problems({ HEADWATER_ADMIN_TOKEN: 'short' })).toEqual([
      'HEADWATER_ADMIN_TOKEN: expected at least 16 characters of plain ASCII without spaces',
    ]);
  });

  test('a secret is never part of the message', async () => {
    expect((await problems({ HEADWATER_ADMIN_TOKEN: 'has spaces and ümlauts' })).join()).not.toContain(
      'ümlauts',
    );
  });

  test('all of them at once', async () => {
    expect(await problems({ HEADWATER_PORT: 'x' }, 'limits:\n  maxTracks: 0\n  foo: 1\n')).toHaveLength(3);
  });

  test('a file that is not YAML', async () => {
    expect((await problems({}, 'server: ['))[0]).toMatch(/^headwater\.yaml: .+at line 1/);
    expect((await problems({}, 'data: a\ndata: b'))[0]).toMatch(/^headwater\.yaml: Map keys must be unique/);
  });
});

test('a variable that names no setting is only warned of, with what it may have meant', async () => {
  expect((await load({ HEADWATER_PROT: '1', OTHER: '1', HEADWATER_STREAM_KEY: 'x' })).warnings).toEqual([
    'HEADWATER_PROT is not a setting; did you mean HEADWATER_PORT?',
  ]);
});

/** The formatter lines the columns of tables up. */
const withoutPadding = (text: string) => text.replace(/ +/g, ' ').replace(/\|( ?-+ ?\|)+/g, '|-|');

test('docs/configuration.md lists every setting as the schema has it', async () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/configuration.md'), 'utf8');
  expect(withoutPadding(page)).toContain(withoutPadding(formatConfigurationTable()));
});
