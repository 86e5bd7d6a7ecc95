import { StoreError } from '../../store/store-error.ts';
import { ConfigError } from '../config/config-error.ts';
import { loadConfig } from '../config/load-config.ts';
import { createLogger } from '../log/create-logger.ts';
import { StartError } from '../start-error.ts';
import { startServer } from '../start-server.ts';
import { readVersion } from '../version.ts';
import type { Command } from './command.ts';
import { parseOptions } from './parse-options.ts';
import { releaseStartMemory } from './release-start-memory.ts';
import { untilStopped } from './until-stopped.ts';
import { UsageError } from './usage-error.ts';

/** How long after the start its memory is given back, in milliseconds: when nobody waits for it any more. */
const SETTLE_TIME = 300;

const HELP = `headwater start: start the server

Settings come from headwater.yaml in the working directory and from the environment; docs/configuration.md has them
all. The most used:

  HEADWATER_HOST          address to listen on (127.0.0.1)
  HEADWATER_PORT          port to listen on (8080)
  HEADWATER_DATA          folder for the database, recordings and secrets (./data)
  HEADWATER_ADMIN_TOKEN   what signs the admin in (made at the first start, and kept in the data folder)
  HEADWATER_CONFIG        another file than headwater.yaml

Prints one line with the address to open. Logs go to standard error. Ctrl-C stops it cleanly.`;

/** `headwater start` */
export const startCommand: Command = { help: HELP, run: start };

async function start(args: readonly string[]): Promise<number> {
  const { positionals } = parseOptions(args, {});
  if (positionals[0] !== undefined) throw new UsageError(`"${positionals[0]}" is not understood.`);
  try {
    const loaded = await loadConfig({ environment: process.env, folder: process.cwd() });
    const logger = createLogger(loaded.config.log.level);
    for (const warning of loaded.warnings) logger.warn(warning);
    const server = await startServer({ ...loaded, logger, version: readVersion() });
    process.stdout.write(`Headwater is at ${server.signInUrl}\n`);
    setTimeout(releaseStartMemory, SETTLE_TIME).unref();
    return await untilStopped(server, logger);
  } catch (error) {
    if (!isExplained(error)) throw error;
    process.stderr.write(`Headwater could not start.\n${error.message}\n`);
    return 1;
  }
}

const isExplained = (error: unknown): error is Error =>
  error instanceof ConfigError || error instanceof StartError || error instanceof StoreError;
