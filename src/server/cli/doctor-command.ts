import { type Finding, runChecks } from '../doctor/checks.ts';
import type { Command } from './command.ts';
import { parseOptions } from './parse-options.ts';
import { UsageError } from './usage-error.ts';

const HELP = `headwater doctor: see what works on this machine and what is off

Looks at Node, the settings, the port, the data folder, the disk, the built pages, ffmpeg and TLS. Changes nothing.
The exit code is 1 when something that Headwater needs is broken.`;

/** `headwater doctor` */
export const doctorCommand: Command = { help: HELP, run: diagnose };

const MARKS: Readonly<Record<Finding['state'], string>> = { works: '✓', off: '–', broken: '✗' };

async function diagnose(args: readonly string[]): Promise<number> {
  const { positionals } = parseOptions(args, {});
  if (positionals[0] !== undefined) throw new UsageError(`"${positionals[0]}" is not understood.`);
  const findings = await runChecks({ environment: process.env, folder: process.cwd() });
  for (const { state, name, words } of findings) console.log(`${MARKS[state]} ${name.padEnd(12)} ${words}`);
  const broken = findings.filter(({ state }) => state === 'broken').length;
  console.log(
    broken === 0 ? '\nHeadwater can run here.' : `\n${broken} to mend before Headwater can run here.`,
  );
  return broken === 0 ? 0 : 1;
}
