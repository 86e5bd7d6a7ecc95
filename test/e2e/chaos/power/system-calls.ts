/** A system call of a traced process. Its place in the trace is the line where it began, and the one where it was over. */
export interface SystemCall {
  readonly name: string;
  /** As strace prints them, every string in hexadecimal. */
  readonly parameters: string;
  readonly thread: number;
  readonly begin: number;
  /** Infinity where the process was killed in it. */
  readonly end: number;
  /** Negative where it failed; undefined where it never returned. */
  readonly result: number | undefined;
}

/** What {@link readTrace} understands: every line whole, no string cut off. */
export const STRACE_OPTIONS = ['-f', '--seccomp-bpf', '-y', '-xx', '-s', String(64 * 1024 * 1024)];

const LINE = /^(\d+)\s+(?:<\.\.\. \w+ resumed>|(\w+)\()/;
const UNFINISHED = ' <unfinished ...>';

/** Reads what strace wrote with {@link STRACE_OPTIONS}: the calls of one process and its threads, in the order in which they began. */
export function readTrace(text: string): SystemCall[] {
  const calls: SystemCall[] = [];
  const pending = new Map<number, Omit<SystemCall, 'end' | 'result'>>();
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) {
    const [start, id, name] = LINE.exec(line) ?? [];
    if (start === undefined) continue;
    const thread = Number(id);
    let call = pending.get(thread);
    const rest = line.slice(start.length);
    if (name !== undefined) call = { name, parameters: rest, thread, begin: index };
    else if (call) call = { ...call, parameters: call.parameters.slice(0, -UNFINISHED.length) + rest };
    else continue;
    pending.set(thread, call);
    if (rest.endsWith(UNFINISHED)) continue;
    pending.delete(thread);
    const at = call.parameters.lastIndexOf(' = ');
    const result = Number.parseInt(call.parameters.slice(at + 3), 10);
    const parameters = call.parameters.slice(0, call.parameters.lastIndexOf(')', at));
    calls.push({ ...call, parameters, end: index, result: Number.isNaN(result) ? undefined : result });
  }
  for (const call of pending.values()) calls.push({ ...call, end: Infinity, result: undefined });
  return ofOneProcess(calls).sort((a, b) => a.begin - b.begin);
}

/** All strings that a call was given, in their order. */
export function stringsOf({ parameters, name }: SystemCall): Buffer[] {
  const strings: Buffer[] = [];
  for (let at = parameters.indexOf('"'); at >= 0; at = parameters.indexOf('"', at + 1)) {
    const end = parameters.indexOf('"', at + 1);
    if (parameters.startsWith('...', end + 1)) throw new Error(`strace cut a string of ${name} off`);
    strings.push(decode(parameters.slice(at + 1, end)));
    at = end;
  }
  return strings;
}

/** Where the descriptor or folder is that a call names in that place, as `-y` prints it. */
export function pathsOf({ parameters }: SystemCall): string[] {
  return [...parameters.matchAll(/<((?:\\x[0-9a-f]{2})+)>/g)].map(([, path = '']) => decode(path).toString());
}

/** The number that a call's parameters begin with: its descriptor. */
export const descriptorOf = ({ parameters }: SystemCall): number => Number.parseInt(parameters, 10);

const decode = (text: string): Buffer => Buffer.from(text.replaceAll('\\x', ''), 'hex');

/** Without those of processes that it started. */
function ofOneProcess(calls: readonly SystemCall[]): SystemCall[] {
  const children = new Set<number>();
  for (const { name, parameters, result = -1 } of calls) {
    if (result > 0 && CLONES.includes(name) && !parameters.includes('CLONE_THREAD')) children.add(result);
  }
  return calls.filter(({ thread }) => !children.has(thread));
}

const CLONES = ['clone', 'clone3', 'fork', 'vfork'];
