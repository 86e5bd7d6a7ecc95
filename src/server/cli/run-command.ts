import { readVersion } from '../version.ts';
import type { Command } from './command.ts';
import { UsageError } from './usage-error.ts';

// Each is loaded when it is run: `--help` need not wait for the whole server.
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('./start-command.ts')).startCommand,
  publish: async () => (await import('./publish-command.ts')).publishCommand,
  doctor: async () => (await import('./doctor-command.ts')).doctorCommand,
};

const HELP = `headwater: the live-streaming server for people who go live from a browser tab

  headwater start              start the server
  headwater publish FILE       publish a WebM or MP4 file, as a browser would
  headwater doctor             see what works on this machine and what is off
  headwater COMMAND --help     how to use a command
  headwater --version`;

/** Runs what the command line asks for. Answers the exit code: 0 when it worked, 1 when not, 2 when it was not understood. */
export async function runCommand(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    console.log(HELP);
    return name === undefined ? 2 : 0;
  }
  if (name === '--version' || name === '-v') {
    console.log(readVersion());
    return 0;
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!load) {
    console.error(`headwater: there is no command "${name}".\n\n${HELP}`);
    return 2;
  }
  const command = await load();
  if (rest.includes('--help') || rest.includes('-h')) {
    console.log(command.help);
    return 0;
  }
  try {
    return await command.run(rest);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`headwater ${name}: ${error.message}\n\n${command.help}`);
    return 2;
  }
}
