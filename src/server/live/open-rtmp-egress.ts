import { readFileSync } from 'node:fs';
import { problemOfAllowed } from '../../egress/rtmp/address-policy.ts';
import { RtmpEgress, type RtmpEgressOptions } from '../../egress/rtmp/rtmp-egress.ts';
import { StartError } from '../start-error.ts';

/** `authorities` are files here. Throws StartError `restream-unusable` in words for the person who starts the server. */
export function openRtmpEgress(options: RtmpEgressOptions): RtmpEgress {
  const problem = options.allow.map(problemOfAllowed).find((words) => words !== undefined);
  if (problem !== undefined) throw unusable(`restream.allow: ${problem}`);
  return new RtmpEgress({ ...options, authorities: options.authorities.map(readAuthorities) });
}

function readAuthorities(file: string): string {
  try {
    const text = readFileSync(file, 'utf8');
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  } catch (cause) {
    throw unusable(`restream.authorities: ${String(cause)}`, cause);
  }
  throw unusable(`restream.authorities: there is no certificate in ${file}`);
}

function unusable(problem: string, cause?: unknown): StartError {
  return new StartError('restream-unusable', `${problem}. Mend the setting and start again.`, { cause });
}
