import { dirname, resolve } from 'node:path';
import type { Random } from '../random.ts';
import { descriptorOf, pathsOf, type SystemCall, stringsOf } from './system-calls.ts';

/** The system calls that change what is on a disk, or make it durable: {@link PowerDisk} must be shown all of them. */
export const DISK_CALLS = [
  ...['openat', 'open', 'creat', 'close', 'write', 'pwrite64', 'writev', 'pwritev', 'pwritev2'],
  ...['ftruncate', 'truncate', 'fallocate', 'fsync', 'fdatasync', 'sync_file_range', 'mmap'],
  ...['rename', 'renameat', 'renameat2', 'unlink', 'unlinkat', 'rmdir', 'mkdir', 'mkdirat', 'link', 'linkat'],
  ...['symlink', 'symlinkat', 'copy_file_range', 'sendfile', 'dup', 'dup2', 'dup3'],
];

/** What is in a folder, by its path in there: the bytes of files, undefined for folders. Folders come before what is in them. */
export type Tree = ReadonlyMap<string, Uint8Array | undefined>;

/** How much of what was not synced is on the disk all the same, from 0 to 1. */
export interface Survival {
  readonly data: number;
  /** Names made, changed and removed. */
  readonly names: number;
}

/** When something was done, as lines of the trace. */
interface Span {
  readonly begin: number;
  readonly end: number;
}

interface Write extends Span {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

interface Resize extends Span {
  readonly size: number;
}

/** What becomes of names in one step: of a rename both names. */
interface NameChange extends Span {
  readonly changes: readonly {
    readonly folder: Folder;
    readonly name: string;
    readonly target: Inode | undefined;
  }[];
}

interface File {
  readonly kind: 'file';
  readonly changes: (Write | Resize)[];
  readonly syncs: Span[];
}

interface Folder {
  readonly kind: 'folder';
  readonly changes: NameChange[];
  readonly syncs: Span[];
  /** As the process sees it. */
  readonly entries: Map<string, Inode>;
}

type Inode = File | Folder;

const MAPPED_TO_WRITE = ['PROT_WRITE', 'MAP_SHARED'];

/** What a disk writes whole. */
const SECTOR = 512;

/**
 * What a process did to a folder, and how the folder can be after the power was cut at any moment of it. Only what POSIX
 * promises is believed: bytes are there after a sync of their file, names after a sync of their folder. Of the rest each
 * sector is as it was at any moment since, a file as long as at any moment since, and of each folder's changes the
 * later ones may be missing. A rename is never torn, also between folders.
 */
export class PowerDisk {
  readonly #root: string;
  readonly #top: Folder = { kind: 'folder', changes: [], syncs: [], entries: new Map() };
  readonly #moments: number[] = [];
  readonly #followed: Readonly<Record<string, (call: SystemCall) => void>> = {
    openat: (call) => this.#openFile(call),
    open: (call) => this.#openFile(call),
    close: (call) => this.#open.delete(descriptorOf(call)),
    write: (call) => this.#write(call),
    writev: (call) => this.#write(call),
    pwrite64: (call) => this.#write(call),
    pwritev: (call) => this.#write(call),
    ftruncate: (call) => this.#resize(call),
    // One that did not return promises nothing.
    fsync: (call) => call.result === 0 && this.#sync(call),
    fdatasync: (call) => call.result === 0 && this.#sync(call),
    mkdir: (call) => this.#makeFolder(call),
    rename: (call) => this.#rename(call),
    link: (call) => this.#link(call),
    unlink: (call) => this.#remove(call),
    rmdir: (call) => this.#remove(call),
    mmap: (call) => MAPPED_TO_WRITE.every((word) => call.parameters.includes(word)) && this.#refuse(call),
  };
  #open = new Map<number, { inode: Inode; position: number }>();

  /** The folder, empty so far. */
  constructor(root: string) {
    this.#root = root;
  }

  /** The lines of the trace around which something was done to the folder. */
  get moments(): readonly number[] {
    return this.#moments;
  }

  /** Takes all calls of a process. What it does not understand it throws. */
  observe(calls: readonly SystemCall[]): void {
    this.#open = new Map();
    for (const call of calls) this.#observe(call);
  }

  /** The folder as it can be after the power was cut at that line of the trace. */
  cut(at: number, survival: Survival, random: Random): Tree {
    const tree = new Map<string, Uint8Array | undefined>();
    const survived = this.#survivingNames(at, survival.names, random);
    const walk = (folder: Folder, path: string) => {
      for (const [name, inode] of survived(folder)) {
        const place = path + name;
        tree.set(place, inode.kind === 'file' ? survivingBytes(inode, at, survival.data, random) : undefined);
        if (inode.kind === 'folder') walk(inode, `${place}/`);
      }
    };
    walk(this.#top, '');
    return tree;
  }

  #survivingNames(at: number, share: number, random: Random): (folder: Folder) => Map<string, Inode> {
    const all = new Set<NameChange>();
    const applied = new Set<NameChange>();
    const visit = (folder: Folder) => {
      const changes = folder.changes.filter(({ begin }) => begin < at);
      const synced = changes.findLastIndex((change) => isSynced(change, folder, at)) + 1;
      const kept = synced + portion(changes.length - synced, share, random);
      for (const change of changes.slice(0, kept)) applied.add(change);
      for (const change of changes) {
        all.add(change);
        for (const { folder: parent, target } of change.changes)
          if (parent === folder && target?.kind === 'folder' && !seen.has(target)) {
            seen.add(target);
            visit(target);
          }
      }
    };
    const seen = new Set<Inode>();
    visit(this.#top);
    const entries = new Map<Folder, Map<string, Inode>>();
    for (const change of [...all].sort((a, b) => a.begin - b.begin)) {
      if (!applied.has(change)) continue;
      for (const { folder, name, target } of change.changes) {
        const names = entries.get(folder) ?? new Map<string, Inode>();
        entries.set(folder, names);
        if (target) names.set(name, target);
        else names.delete(name);
      }
    }
    return (folder) => entries.get(folder) ?? new Map();
  }

  #observe(call: SystemCall): void {
    const { name, result } = call;
    if (result !== undefined && result < 0) return;
    const follow = this.#followed[name];
    if (follow) follow(call);
    else this.#refuse(call);
  }

  /** What is not followed is no matter outside. */
  #refuse(call: SystemCall): void {
    const paths = [...pathsOf(call), ...stringsOf(call).map(String)];
    const path = paths.find((each) => each.startsWith(`${this.#root}/`));
    if (path !== undefined) throw new Error(`${call.name} of ${path} is not followed`);
  }

  #sync(call: SystemCall): void {
    const file = this.#open.get(descriptorOf(call));
    if (!file) return;
    file.inode.syncs.push(call);
    this.#note(call);
  }

  #note({ begin, end }: Span): void {
    this.#moments.push(begin, end);
  }

  #openFile(call: SystemCall): void {
    const place = this.#place(call);
    if (!place) return;
    const { folder, name } = place;
    let inode = name === '' ? folder : folder.entries.get(name);
    const { parameters, result } = call;
    if (!inode) {
      if (result === undefined && !parameters.includes('O_CREAT')) return;
      if (!parameters.includes('O_CREAT')) throw new Error(`${name} was opened and never made`);
      inode = { kind: 'file', changes: [], syncs: [] };
      this.#change(call, [{ folder, name, target: inode }]);
    } else if (parameters.includes('O_TRUNC') && inode.kind === 'file') {
      inode.changes.push({ begin: call.begin, end: call.end, size: 0 });
    }
    if (result === undefined) return;
    this.#open.set(result, { inode, position: parameters.includes('O_APPEND') ? Number.NaN : 0 });
  }

  #write(call: SystemCall): void {
    const file = this.#open.get(descriptorOf(call));
    if (file?.inode.kind !== 'file') return;
    const { changes } = file.inode;
    const all = Buffer.concat(stringsOf(call));
    const bytes = all.subarray(0, call.result ?? all.length);
    let offset = file.position;
    if (call.name.startsWith('p')) offset = lastNumber(call);
    else if (Number.isNaN(offset)) offset = sizesAfter(changes).at(-1) ?? 0;
    this.#note(call);
    if (call.name === 'write' || call.name === 'writev') file.position += bytes.length;
    changes.push({ begin: call.begin, end: call.end, offset, bytes });
  }

  #resize(call: SystemCall): void {
    const file = this.#open.get(descriptorOf(call));
    if (file?.inode.kind !== 'file') return;
    this.#note(call);
    file.inode.changes.push({ begin: call.begin, end: call.end, size: lastNumber(call) });
  }

  #makeFolder(call: SystemCall): void {
    const place = this.#place(call);
    if (!place) return;
    const target: Folder = { kind: 'folder', changes: [], syncs: [], entries: new Map() };
    this.#change(call, [{ ...place, target }]);
  }

  #rename(call: SystemCall): void {
    const [from = '', to = ''] = stringsOf(call).map(String);
    const [source, target] = [this.#find(from), this.#find(to)];
    if (!source || !target) return;
    const inode = source.folder.entries.get(source.name);
    if (!inode) throw new Error(`${from} was renamed and never made`);
    this.#change(call, [
      { ...source, target: undefined },
      { ...target, target: inode },
    ]);
  }

  #link(call: SystemCall): void {
    const [from = '', to = ''] = stringsOf(call).map(String);
    const [source, place] = [this.#find(from), this.#find(to)];
    const target = source?.folder.entries.get(source.name);
    if (target && place) this.#change(call, [{ ...place, target }]);
  }

  #remove(call: SystemCall): void {
    const place = this.#place(call);
    if (place) this.#change(call, [{ ...place, target: undefined }]);
  }

  #change({ begin, end }: Span, changes: NameChange['changes']): void {
    this.#note({ begin, end });
    const change: NameChange = { begin, end, changes };
    for (const folder of new Set(changes.map((each) => each.folder))) folder.changes.push(change);
    for (const { folder, name, target } of changes) {
      if (target) folder.entries.set(name, target);
      else folder.entries.delete(name);
    }
  }

  #place(call: SystemCall) {
    const [base = '/'] = pathsOf(call);
    return this.#find(resolve(base, String(stringsOf(call)[0])));
  }

  /** Undefined for what is not in the folder. */
  #find(path: string): { readonly folder: Folder; readonly name: string } | undefined {
    if (path === this.#root) return { folder: this.#top, name: '' };
    if (!path.startsWith(`${this.#root}/`)) return undefined;
    const parent = this.#find(dirname(path));
    const folder = parent?.name === '' ? parent.folder : parent?.folder.entries.get(parent.name);
    if (folder?.kind !== 'folder') throw new Error(`the folder of ${path} was never made`);
    return { folder, name: path.slice(dirname(path).length + 1) };
  }
}

/** A sync that was over before the power was cut, and began when that was done. */
const isSynced = ({ end }: Span, { syncs }: Inode, at: number): boolean =>
  syncs.some((sync) => sync.end < at && end < sync.begin);

function survivingBytes(file: File, at: number, share: number, random: Random): Uint8Array {
  const changes = file.changes.filter(({ begin }) => begin < at);
  const synced = changes.map((change) => isSynced(change, file, at));
  const sizes = sizesAfter(changes);
  const length = Math.max(0, ...sizes);
  const sectors = new Map<number, number[]>();
  for (const [index, change] of changes.entries()) {
    for (const sector of sectorsOf(change, length)) {
      const touched = sectors.get(sector);
      if (touched) touched.push(index);
      else sectors.set(sector, [index]);
    }
  }
  const pick = (indexes: readonly number[]) => {
    const sure = indexes.findLastIndex((index) => synced[index]) + 1;
    return indexes[sure + portion(indexes.length - sure, share, random) - 1] ?? -1;
  };
  const newest = new Map([...sectors].map(([sector, indexes]) => [sector, pick(indexes)]));
  const bytes = new Uint8Array(length);
  for (const [index, change] of changes.entries()) {
    for (const sector of sectorsOf(change, length))
      if (index <= (newest.get(sector) ?? -1)) applyTo(bytes, change, sector * SECTOR);
  }
  const resizes = sizes.flatMap((size, index) => (size === (sizes[index - 1] ?? 0) ? [] : [index]));
  return bytes.subarray(0, sizes[pick(resizes)] ?? 0);
}

/** How many of those that were not synced are kept: all or none where that is said, else chance. */
function portion(count: number, share: number, random: Random): number {
  if (share === 0 || share === 1) return count * share;
  return random.chance(share) ? Math.floor(random.between(0, count + 1)) : 0;
}

function applyTo(bytes: Uint8Array, change: Write | Resize, sector: number): void {
  const end = Math.min(sector + SECTOR, bytes.length);
  if ('size' in change) {
    bytes.fill(0, Math.max(sector, change.size), end);
    return;
  }
  const from = Math.max(sector, change.offset);
  const to = Math.min(end, change.offset + change.bytes.length);
  if (from < to) bytes.set(change.bytes.subarray(from - change.offset, to - change.offset), from);
}

function* sectorsOf(change: Write | Resize, length: number): Generator<number> {
  const isWrite = 'bytes' in change;
  const [start, end] = isWrite
    ? [change.offset, change.offset + change.bytes.length]
    : [Math.min(change.size, length), length];
  for (let sector = Math.floor(start / SECTOR); sector * SECTOR < end; sector += 1) yield sector;
}

/** How long a file is after each change. */
function sizesAfter(changes: readonly (Write | Resize)[]): number[] {
  let size = 0;
  return changes.map((change) => {
    size = 'size' in change ? change.size : Math.max(size, change.offset + change.bytes.length);
    return size;
  });
}

/** What a call says last: a size, or where to write. */
const lastNumber = ({ parameters }: SystemCall): number =>
  Number(/\d+$/.exec(parameters.slice(-30))?.[0] ?? Number.NaN);
